"""`cpai room`: serve the reading room, and keep the list of its users."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration import doors
from orchestration.command.asked import pass_home, there
from orchestration.home import Home
from orchestration.printing import say
from orchestration.stopping import AS_INTERRUPTED, NotThere, stop, unwatched

if TYPE_CHECKING:
    from sqlalchemy import Engine

ROLES = ("reader", "adjudicator", "lead", "auditor")


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8044, show_default=True, type=click.IntRange(0, 65535))
@click.option("--name", "names", multiple=True, help="A name browsers reach it by, besides localhost.")
@click.option("--https", is_flag=True, help="Browsers reach it by TLS alone, which a proxy serves.")
@click.option(
    "--socket",
    "path",
    type=click.Path(path_type=Path),
    help="A Unix socket to listen on in place of a port, for a proxy of this machine that serves TLS.",
)
@click.option(
    "--single-sign-on",
    "header",
    metavar="HEADER",
    help="Take who is signed in from this header of the proxy at --socket; there are no passwords then.",
)
@click.pass_context
def room(
    context: click.Context,
    host: str,
    port: int,
    names: tuple[str, ...],
    https: bool,
    path: Path | None,
    header: str | None,
) -> None:
    """Serve the reading room, on this machine alone unless --host is given."""
    if context.invoked_subcommand:
        return
    home = there(context.obj)
    if header and not path:
        raise click.UsageError(
            "--single-sign-on and --socket go together: on a port anybody who reaches it could write the header"
        )
    if host not in ("127.0.0.1", "localhost", "::1") and not https and not path:
        raise click.UsageError(
            "passwords and cases would cross the network in the clear: listen on 127.0.0.1 behind a proxy with "
            "TLS, or give --https when one stands before this address"
        )
    from orchestration.readings.room.app import LOOPBACK, application, server

    listening = _listen_at(path) if path else _listen(host, port)
    try:
        served = application(
            home,
            hosts=(*LOOPBACK, *names),
            https=https or path is not None,
            behind_socket=path is not None,
            single_sign_on=header,
        )
        serving = server(served)
        # what it imports takes a second on a busy machine, and Ctrl+C is heard after it
        serving.config.load()
        where = f"{path}, for the proxy" if path else f"http://{host}:{listening.getsockname()[1]}"
        say(f"the reading room: {where} (Ctrl+C ends it)")
        with unwatched():
            serving.run(sockets=[listening])
    except KeyboardInterrupt:
        stop(["the reading room is closed"], code=AS_INTERRUPTED)
    finally:
        if path:
            path.unlink(missing_ok=True)


def _listen(host: str, port: int) -> socket.socket:
    """The port, ours before anything is opened. Raises NotThere where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            why = f"port {port} of {host} is in use by another program: end that, or name another with --port"
        elif problem.errno == errno.EACCES:
            why = f"port {port} is the system's own: name one from 1024 up with --port"
        else:
            why = f"{host} is no address of this machine: leave --host out, or name one that is"
        raise NotThere(why) from None


def _listen_at(path: Path) -> socket.socket:
    """The socket, which its owner and its folder's group alone can reach. Raises NotThere."""
    listening = socket.socket(socket.AF_UNIX)
    if path.is_socket():
        try:
            listening.connect(str(path))
        except OSError:
            # of a room that was killed
            path.unlink()
        else:
            raise NotThere(f"{path} is in use by another program: end that, or name another with --socket")
    before = os.umask(0o117)
    try:
        listening.bind(str(path))
    except OSError as problem:
        raise NotThere(f"there can be no socket at {path}: {problem.strerror or problem}") from None
    finally:
        os.umask(before)
    return listening


@room.group()
def user() -> None:
    """Who may come in, and as what."""


password_option = click.option(
    "--password-stdin", is_flag=True, help="Take the password from the first line of standard input."
)
role_option = click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), required=True)


@user.command()
@click.argument("username")
@role_option
@click.option("--no-password", is_flag=True, help="Only by single sign-on.")
@password_option
@pass_home
def add(home: Home, username: str, roles: tuple[str, ...], no_password: bool, password_stdin: bool) -> None:
    """A new user."""
    from orchestration.readings.room import sign_in

    password = None if no_password else _password(password_stdin)
    with _ledger(home) as engine:
        sign_in.add_user(engine, username, set(roles), password, by=_operator())
    say(f"{username} may come in as {', '.join(roles)}")


@user.command("roles")
@click.argument("username")
@role_option
@pass_home
def change_roles(home: Home, username: str, roles: tuple[str, ...]) -> None:
    """These roles instead of those a user has; they sign in again."""
    from orchestration.readings.room import sign_in

    with _ledger(home) as engine:
        sign_in.change_user(engine, username, _operator(), roles=set(roles))
    say(f"{username}: {', '.join(roles)}")


@user.command()
@click.argument("username")
@password_option
@pass_home
def password(home: Home, username: str, password_stdin: bool) -> None:
    """Another password; it opens a locked account."""
    from orchestration.readings.room import sign_in

    with _ledger(home) as engine:
        sign_in.change_user(engine, username, _operator(), password=_password(password_stdin))
    say(f"{username} has another password")


@user.command()
@click.argument("username")
@click.option("--again", is_flag=True, help="Give entry back.")
@pass_home
def close(home: Home, username: str, again: bool) -> None:
    """End a user's entry, at once; what they read stays."""
    from orchestration.readings.room import sign_in

    with _ledger(home) as engine:
        sign_in.change_user(engine, username, _operator(), active=again)
    say(f"{username} may come in again" if again else f"{username} may not come in any more")


@user.command("open")
@click.argument("username")
@pass_home
def open_(home: Home, username: str) -> None:
    """Open an account that wrong passwords have locked."""
    from orchestration.readings.room import sign_in

    with _ledger(home) as engine:
        sign_in.change_user(engine, username, _operator())
    say(f"{username}: wrong passwords until now do not count")


@user.command("lost-phone")
@click.argument("username")
@pass_home
def lost_phone(home: Home, username: str) -> None:
    """Take a second factor away; they set up another when they next sign in."""
    from orchestration.readings.room import sign_in

    with _ledger(home) as engine:
        sign_in.take_second_factor_away(engine, username, _operator())
    say(f"{username} sets up another second factor at the next sign-in")


@user.command("list")
@click.option("--json", "wants_json", is_flag=True, help="The result as JSON, for machines.")
@pass_home
def list_(home: Home, wants_json: bool) -> None:
    """Every user, their roles and whether they may come in."""
    from orchestration.readings.room import sign_in

    with _ledger(home) as engine:
        users = sign_in.list_users(engine)
    if wants_json:
        rows = [
            {
                "username": one.username,
                "roles": sorted(one.roles),
                "active": one.active,
                "second_factor": one.enrolled,
                "since": one.changed_at,
            }
            for one in users
        ]
        say(json.dumps(rows))
        return
    for one in users:
        say(
            f"{one.username:<24}{', '.join(sorted(one.roles))}{'' if one.active else '  (closed)'}"
            f"{'  (second factor)' if one.enrolled else ''}"
        )
    if not users:
        say("nobody yet: cpai room user add NAME --role reader")


@contextmanager
def _ledger(home: Home) -> Iterator[Engine]:
    from orchestration.ledger.opening import ledger_of
    from orchestration.readings.room.sign_in import UserRefused

    try:
        with ledger_of(home) as engine:
            yield engine
    except UserRefused as refused:
        say(str(refused), err=True)
        sys.exit(1)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return click.prompt("Password", hide_input=True, confirmation_prompt=True)


def _operator() -> str:
    return f"command:{doors.operator()}"
