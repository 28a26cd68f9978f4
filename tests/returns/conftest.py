import pytest

from orchestration.home import Home


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("CPAI_LEDGER_URL", raising=False)
    return Home(tmp_path / "home")
