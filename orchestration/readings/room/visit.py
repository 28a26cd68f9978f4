"""One visit to the reading room: who asks for what, with what every page needs, and the way to a page."""

import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from jinja2 import Template
from sqlalchemy import Engine
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from orchestration.home import Home
from orchestration.pages import environment
from orchestration.readings.desk import Desk
from orchestration.readings.room import sign_in
from orchestration.readings.room.second_factor import Keys

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Room:
    """What every page needs: the home's ledger and desk, the keys of sign-ins and second factors, and how people come in.

    `behind_socket`: a proxy alone reaches it, over a Unix socket. `single_sign_on`: the header in which that proxy
    names who is signed in.
    """

    home: Home
    engine: Engine
    desk: Desk
    keys: Keys
    # of the home, by its check value: what is served is served under it
    key: str
    behind_socket: bool = False
    single_sign_on: str | None = None


@dataclass
class Visit:
    """One request: who came (None at the door), the form's fields, and the way to a page or on to the next."""

    request: Request
    room: Room
    form: dict[str, list[str]] = field(default_factory=dict)
    came: sign_in.User | None = None

    @property
    def user(self) -> sign_in.User:
        assert self.came, "this page is for people who are signed in"
        return self.came

    @property
    def session(self) -> Any:
        return self.request.session

    @property
    def address(self) -> str:
        return address_of(self.request.scope)

    @property
    def must_enrol(self) -> bool:
        """Whether the roles of the user need a second factor that the user has not; single sign-on has its own."""
        if self.room.single_sign_on or not self.came or self.came.enrolled:
            return False
        return self.came.may(*self.room.desk.policy.second_factor_roles)

    def field(self, name: str) -> str:
        return self.form.get(name, [""])[0].strip()

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        html = template_named(template).render(
            user=self.came,
            token=self.session["token"],
            path=self.request.url.path,
            single_sign_on=self.room.single_sign_on is not None,
            idle_seconds=int(sign_in.IDLE.total_seconds()),
            **values,
        )
        return HTMLResponse(html, status)

    def on_to(self, path: str) -> Response:
        return RedirectResponse(path, HTTPStatus.SEE_OTHER)

    def say(self, status: int, heading: str, sentence: str) -> Response:
        return self.page("message.html", status, heading=heading, sentence=sentence)


def address_of(scope: Scope) -> str:
    """Where a request is from. Over a Unix socket a proxy calls, which adds that at the end of a header; what stands
    before it the client wrote."""
    if client := scope.get("client"):
        return client[0]
    if not scope["app"].state.room.behind_socket:
        return "not known"
    written = Headers(scope=scope).get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        return str(ip_address(written))
    except ValueError:
        return "not known"


def template_named(name: str) -> Template:
    templates = environment(FOLDER / "templates")
    templates.filters["moment"] = lambda text: (text or "")[:16].replace("T", " ")
    return templates.get_template(name)


def begin(visit: Visit, user: sign_in.User) -> None:
    """A session of its own for who has just come in: nothing of the one before, its form token least of all."""
    visit.session.clear()
    visit.session.update(user=user.username, sign_in=user.sign_in, token=secrets.token_urlsafe(32))
