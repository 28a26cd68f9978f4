"""A home in which everything of two crimes is a canary, received and read by nobody yet."""

import pytest
from a_postgresql import postgresql, postgresql_ledger  # noqa: F401 - fixtures

from orchestration.home import Home


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.delenv("CPAI_LEDGER_URL", raising=False)
    monkeypatch.delenv("CPAI_ERASURES", raising=False)
    monkeypatch.delenv("CPAI_TOKEN_KEY", raising=False)
    return Home(tmp_path / "home")
