"""The reading room as a web application: what answers where, who may, and what guards every page.

Pages are in `pages.py`; each is a plain function that is only reached by someone signed in with one of its roles,
and by a form that this room gave them. No page opens the warehouse.
"""

import logging
import secrets
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestration import doors, keys
from orchestration.home import Home
from orchestration.ledger import inventory
from orchestration.pages import TEMPLATES as PAGES
from orchestration.readings.desk import Desk, DeskRefused
from orchestration.readings.room import guideline, pages, refusals, sign_in
from orchestration.readings.room.connections import LIMITS, Bounded
from orchestration.readings.room.second_factor import Keys
from orchestration.readings.room.visit import (
    FOLDER,
    Room,
    Visit,
    address_of,
    begin,
    template_named,
)
from orchestration.readings.worklist import cases_file, read_case

if TYPE_CHECKING:  # imported where the room is opened
    import uvicorn

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
LONGEST_FORM = 64 * 1024  # an answer is some hundred bytes and a reason
REFUSED = (400, 403, 404, 405, 409, 413)  # 422 is a form with a mistake in it
log = logging.getLogger(__name__)

# No script or style but our own files, nothing from elsewhere, no frame around us, and nothing kept by a browser:
# the pages hold the text of a summary.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def application(
    home: Home,
    *,
    hosts: tuple[str, ...] = LOOPBACK,
    https: bool = False,
    behind_socket: bool = False,
    single_sign_on: str | None = None,
) -> Starlette:
    """The room over a home. `hosts` are the names it answers to; `https`: browsers reach it by TLS alone. Raises
    ValueError where a header would be believed that anybody who reaches a port can write."""
    if single_sign_on and not behind_socket:
        raise ValueError("single sign-on by a header is served over a Unix socket alone")
    desk = Desk(home)
    kept = keys.kept(home)
    room = Room(
        home,
        desk.engine,
        desk,
        Keys({key.check: key.of("sign-ins of the reading room").hex() for key in kept}),
        kept[0].check,
        behind_socket,
        single_sign_on,
    )
    _warm(room)
    application = Starlette(
        routes=[
            *_routes(),
            Route("/static/page.css", lambda _: FileResponse(PAGES / "page.css")),
            Mount("/static", StaticFiles(directory=FOLDER / "static")),
        ],
        middleware=[
            Middleware(Headers, https=https),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
            Middleware(
                SessionMiddleware,
                # made of the home's key: who was in before a restart is in after it
                secret_key=kept[0].of("sessions of the reading room").hex(),
                # browsers take the prefix from no other host, and over TLS alone
                session_cookie="__Host-reading_room" if https else "reading_room",
                max_age=int(sign_in.IDLE.total_seconds()),
                same_site="strict",
                https_only=https,
            ),
        ],
        exception_handlers={HTTPException: _refused},
    )
    application.state.room = room
    return application


def _warm(room: Room) -> None:
    """What the first reader would wait for: imports, templates, the codebook, a connection and its statements."""
    # nobody's case: opening a quarter for the first time takes 0.1 s
    for file in cases_file(room.home, "any").parent.glob("*.parquet"):
        read_case(room.home, file.stem, "", "")

    for template in (FOLDER / "templates").glob("*.html"):
        template_named(template.name)
    guideline.parts(room.desk.policy.codebook)
    guideline.html(room.desk.policy.codebook)
    room.desk.queue("")


class Line(logging.Formatter):
    """A line of the log: when (UTC), how grave, what."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")


LOG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": Line}},
    "handlers": {"errors": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "uvicorn": {"handlers": ["errors"], "propagate": False},
        "orchestration.readings.room": {"handlers": ["errors"]},
    },
}


def server(application: Starlette, host: str = "127.0.0.1", port: int = 0) -> "uvicorn.Server":
    """A uvicorn server of the room, not yet running."""
    import uvicorn

    # proxy_headers off: the address that a header claims would be believed, and guesses are counted by address
    return uvicorn.Server(
        uvicorn.Config(
            application,
            host=host,
            port=port,
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_level="warning",
            log_config=LOG,
            timeout_graceful_shutdown=1,
            http=Bounded,
            **LIMITS,
        )
    )


class Id(Convertor[int]):
    """A number of the ledger, whose columns hold 32 bits: what is longer is nowhere, and asks no database."""

    regex = "[0-9]{1,10}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("id", Id())


class Headers:
    """Security headers on every answer, static files and refusals too, and a line of the log for each refusal."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self.app = app
        headers = HEADERS | (
            {"strict-transport-security": "max-age=31536000; includeSubDomains"} if https else {}
        )
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self.headers]
                if message["status"] in REFUSED:
                    _note_refusal(scope, message["status"])
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def _note_refusal(scope: Scope, status: int) -> None:
    """By the page's pattern: what was typed as an address may be anything."""
    page = scope["route"].path if "route" in scope else "no page"
    who = scope.get("session", {}).get("user", "nobody")
    refusals.note(status, f"{scope['method']} {page}", who, address_of(scope))


def _routes() -> list[Route]:
    everyone = tuple(sign_in.ROLES)
    overseers = ("lead", "auditor")
    readers = ("reader", "adjudicator")
    return [
        _route("/sign-in", pages.sign_in_form, pages.signing_in),
        _route("/sign-out", None, pages.signing_out, roles=everyone),
        _route("/stay", None, pages.stay, roles=everyone),
        _route("/password", pages.password_form, pages.change_password, roles=everyone),
        _route("/second-factor", pages.second_factor_form, pages.enrol_second_factor, roles=everyone),
        _route("/", pages.queue, roles=everyone),
        _route("/codebook", pages.codebook, roles=everyone),
        _route("/next", None, pages.next_case, roles=readers),
        _route("/pause", None, pages.pause, roles=readers),
        _route("/case/{slot:id}", pages.case, pages.answer, roles=readers),
        _route("/rest/{role}", pages.rest, roles=readers),
        _route("/own-readings", pages.own_readings, roles=readers),
        _route("/own-readings/{reading:id}", pages.correction, pages.correct, roles=readers),
        _route("/progress", pages.progress, roles=overseers),
        _route("/agreement", pages.agreement, roles=overseers),
        _route("/disagreements", pages.disagreements, roles=overseers),
        _route("/history/{item:id}", pages.history, roles=overseers),
        _route("/people", pages.people, pages.help_somebody, roles=("lead",)),
        _route("/views", pages.views, roles=("auditor",)),
    ]


Page = Callable[..., Response]
# all that somebody reaches who should have a second factor and has none yet
TO_ENROL = (pages.second_factor_form, pages.enrol_second_factor, pages.signing_out)


def _route(path: str, get: Page | None, post: Page | None = None, *, roles: tuple[str, ...] = ()) -> Route:
    """`get` and `post` for people with one of `roles`; with no roles named, for everyone at the door."""
    pages = {method: page for method, page in (("GET", get), ("POST", post)) if page}

    async def endpoint(request: Request) -> Response:
        visit = Visit(request, request.app.state.room)
        _fields(request.url.query)
        if request.method == "POST":
            visit.form = await _form(request)
        handler = pages["GET" if request.method == "HEAD" else request.method]
        # the ledger and the desk wait for disks: in a thread, or one reader would hold up all
        return await run_in_threadpool(_answer, visit, handler, roles, request.path_params)

    return Route(path, endpoint, methods=list(pages))


def _answer(visit: Visit, handler: Page, roles: tuple[str, ...], words: dict[str, Any]) -> Response:
    visit.session.setdefault("token", secrets.token_urlsafe(32))
    if visit.request.method == "POST" and not secrets.compare_digest(
        visit.field("token").encode(), visit.session["token"].encode()
    ):
        return visit.say(
            403,
            "This form is out of date",
            "Nothing was saved: your session ended or began anew. Go back and try again.",
        )
    try:
        if inventory.key_check(visit.room.engine) not in (visit.room.key, None):
            # whoever has the old one could make sessions with it for as long as the room goes on under it
            return visit.say(
                503, "The room has to be started again", "Its key was changed. Tell whoever runs the room."
            )
        if roles:
            visit.came = _who(visit)
            if visit.came is None:
                return visit.on_to("/sign-in")
            if visit.must_enrol and handler not in TO_ENROL:
                return visit.on_to("/second-factor")
            if not visit.came.may(*roles):
                return visit.say(403, "Not for your role", f"This page is for: {', '.join(roles)}.")
            # written anew with each page: the session ends so long after the last one
            visit.session["seen"] = True
        with doors.coming_by("room", visit.came.username if visit.came else None):
            return handler(visit, **words)
    except sign_in.SignInRefused as refused:
        return visit.say(403, "You cannot come in", str(refused))
    except DeskRefused as refused:
        return visit.say(409, "That cannot be done", str(refused))
    except Exception as problem:
        # the kind and the place alone: the words of an error may repeat the text of a case
        where = traceback.extract_tb(problem.__traceback__)[-1]
        path = visit.request.scope["route"].path
        log.error("%s at %s: %s:%s", type(problem).__name__, path, Path(where.filename).name, where.lineno)
        return visit.say(
            500,
            "Something went wrong",
            "What you sent was not saved. Try again; if it happens again, tell the lead.",
        )


def _who(visit: Visit) -> sign_in.User | None:
    """The user of this session; with single sign-on, the one whom the proxy names, and nobody past the proxy."""
    room, session = visit.room, visit.session
    named = None
    if room.single_sign_on:
        named = visit.request.headers.get(room.single_sign_on)
        # whoever has an address of the network did not come by the socket
        if visit.request.client or not named:
            raise sign_in.SignInRefused(
                "Come in by the address that the lead gave you: this one has no sign-in."
            )
    user = None
    if "user" in session and named in (None, session["user"]):
        user = sign_in.signed_in(room.engine, session["user"], session["sign_in"])
    if user is None and named:
        user = sign_in.sign_in_trusted(room.engine, named, visit.address)
        begin(visit, user)
    return user


async def _form(request: Request) -> dict[str, list[str]]:
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_FORM:
                # the rest is not waited for
                raise HTTPException(413, "The form is too long.", {"connection": "close"})
    except ClientDisconnect:
        raise HTTPException(400, "The form is not whole.") from None
    return _fields(body.decode(errors="replace"))


def _fields(sent: str) -> dict[str, list[str]]:
    try:
        fields = parse_qs(sent, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
    # PostgreSQL takes no text with one
    if any("\0" in text for texts in fields.values() for text in texts):
        raise HTTPException(400, "The form cannot be read.")
    return fields


def _refused(request: Request, problem: Exception) -> Response:
    visit = Visit(request, request.app.state.room)
    visit.session.setdefault("token", secrets.token_urlsafe(32))
    assert isinstance(problem, HTTPException)
    status = problem.status_code
    heading = HTTPStatus(status).phrase.capitalize()
    answer = visit.say(status, heading, "There is nothing here for you." if status == 404 else problem.detail)
    answer.headers.update(problem.headers or {})
    return answer
