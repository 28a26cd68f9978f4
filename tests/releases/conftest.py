import shutil

import pytest
from small_home import describe_models, make_home

from orchestration.home import Home
from orchestration.releases import inputs


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
