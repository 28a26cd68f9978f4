"""A home for each test, and a PostgreSQL of our own for its ledger."""

import pytest
from a_postgresql import postgresql, postgresql_ledger  # noqa: F401 - fixtures

from orchestration.home import Home
from orchestration.ledger.opening import open_ledger


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("CPAI_LEDGER_URL", "CPAI_TOKEN_KEY"):
        monkeypatch.delenv(name, raising=False)
    place = Home(tmp_path / "home")
    place.landing.mkdir(parents=True)
    return place


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, home):
    if request.param == "postgresql":
        request.getfixturevalue("postgresql_ledger")
    engine = open_ledger(home)
    yield engine
    engine.dispose()
