import pytest
from argon2 import PasswordHasher

from orchestration.readings.room import refusals, sign_in


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch):
    """argon2 with next to no memory: its own strength is not ours to test, and it is most of a sign-in's time."""
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(sign_in, "_hasher", lambda: weak)


@pytest.fixture(autouse=True)
def nothing_refused_yet():
    refusals.written.clear()
