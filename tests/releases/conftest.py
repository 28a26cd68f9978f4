import shutil
from datetime import UTC, datetime, timedelta

import pytest
from an_authority import authority, made_authority  # noqa: F401 - for the tests that ask for them
from small_home import describe_models, make_home

from orchestration import clock as the_clock
from orchestration.home import SEEDS, Home
from orchestration.releases import inputs, publish


@pytest.fixture(autouse=True)
def code(monkeypatch):
    """The code stands still: editing a source file while the tests run would make new releases."""
    monkeypatch.setattr(inputs, "code_hash", lambda: "c0de")


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("made") / "home")


@pytest.fixture
def home(made, tmp_path):
    copy = Home(tmp_path / "home")
    shutil.copytree(made.root, copy.root)
    describe_models(copy)
    return copy


@pytest.fixture
def seeds(tmp_path):
    shutil.copytree(SEEDS / "publication", tmp_path / "publication")
    return tmp_path


@pytest.fixture
def clock(monkeypatch):
    """Releases made one after another: two of one second would have no order."""
    moments = iter(datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(100))

    manifest_head = publish._manifest_head

    def made_then(*parts):
        with the_clock.standing_at(next(moments).isoformat()):
            return manifest_head(*parts)

    monkeypatch.setattr(publish, "_manifest_head", made_then)
