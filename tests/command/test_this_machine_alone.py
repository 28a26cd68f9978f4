"""The guard over all tests: what it stops, in this process and in one that a test starts."""

import os
import socket
import subprocess
import sys

import pytest


@pytest.fixture
def noted_elsewhere(monkeypatch, tmp_path):
    """What is refused here is meant: the session's own file stays empty."""
    monkeypatch.setenv("CPAI_REACHED", str(tmp_path / "reached.txt"))
    return tmp_path / "reached.txt"


def test_a_connection_and_a_name_of_another_machine_are_refused_and_noted(noted_elsewhere):
    with socket.socket() as made, pytest.raises(ConnectionRefusedError, match="another machine"):
        made.connect(("192.0.2.1", 443))
    with pytest.raises(ConnectionRefusedError, match="another machine"):
        socket.getaddrinfo("example.org", 443)
    assert noted_elsewhere.read_text().count("\n") == 2


def test_a_program_that_a_test_starts_is_guarded_too(noted_elsewhere):
    reach = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=1)"
    ran = subprocess.run([sys.executable, "-c", reach], capture_output=True, text=True, env=os.environ)
    assert ran.returncode and "another machine" in ran.stderr
    assert "192.0.2.1" in noted_elsewhere.read_text()


def test_this_machine_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
