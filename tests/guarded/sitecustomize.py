"""Every Python of the tests, this one and those that it starts, reaches this machine alone.

Python looks for a module of this name where `PYTHONPATH` says so (tests/conftest.py). What is refused is also noted in the file
`CPAI_REACHED`: code that takes a refused connection for a bad day would hide it.
"""

import ipaddress
import os
import sys
from pathlib import Path

ASKED = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}


def _is_here(address: object) -> bool:
    host = address[0] if isinstance(address, tuple) and address else address
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    # a socket of the file system, or any address of this machine
    if not isinstance(host, str) or host in {"", "localhost", os.uname().nodename} or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse(event: str, args: tuple) -> None:
    if event in ASKED and not _is_here(args[ASKED[event]]):
        with Path(os.environ.get("CPAI_REACHED", os.devnull)).open("a", encoding="utf-8") as noted:
            noted.write(f"{event} {args[ASKED[event]]!r} by {' '.join(sys.argv)}\n")
        raise ConnectionRefusedError(
            f"{event} {args[ASKED[event]]!r}: nothing here may reach another machine"
        )


sys.addaudithook(_refuse)
