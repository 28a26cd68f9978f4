"""A home for each test, and a PostgreSQL of our own for the ledger's tests."""

import pytest
from a_postgresql import postgresql, postgresql_ledger  # noqa: F401 - for the ledger's tests
from answered import answered, packs  # noqa: F401 - fixtures of the packs and the check

from orchestration.home import Home


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("CPAI_LEDGER_URL", raising=False)
    return Home(tmp_path / "home")
