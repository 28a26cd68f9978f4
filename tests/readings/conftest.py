"""A home for each test of reading, its ledger on SQLite or on a PostgreSQL of our own."""

import pytest
from a_postgresql import postgresql, postgresql_ledger  # noqa: F401 - for the tests that ask for them

from orchestration.home import Home


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("CPAI_LEDGER_URL", raising=False)
    monkeypatch.setenv("CPAI_TOKEN_KEY", "a key of this test, as long as one has to be")
    return Home(tmp_path / "home")
