"""The pages of the reading room: each takes a visit and gives a page, over the desk.

What a case says goes into its own page and nowhere else: not into an address, a log or a message.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.responses import Response

from orchestration.home import seed_rows
from orchestration.readings import room
from orchestration.readings.desk import Case
from orchestration.readings.room import answer_form, sign_in
from orchestration.readings.room.app import Visit, begin
from orchestration.releases.pages.agreement import QUESTIONS

CODEBOOKS = Path(room.__file__).resolve().parent.parent / "codebook"


def sign_in_form(visit: Visit) -> Response:
    if visit.room.single_sign_on:
        return visit.on_to("/")
    note = "You are signed out." if "out" in visit.request.query_params else ""
    return visit.page("sign_in.html", wrong={}, username="", note=note)


def signing_in(visit: Visit) -> Response:
    if visit.room.single_sign_on:
        return visit.on_to("/")
    username = visit.field("username")
    try:
        user = sign_in.sign_in(
            visit.room.engine, username, visit.form.get("password", [""])[0], visit.address, visit.room.secret
        )
    except sign_in.SignInRefused as refused:
        return visit.page("sign_in.html", 403, wrong={"username": str(refused)}, username=username, note="")
    begin(visit, user)
    return visit.on_to("/")


def signing_out(visit: Visit) -> Response:
    sign_in.sign_out(visit.room.engine, visit.user, visit.address)
    visit.session.clear()
    return visit.on_to("/sign-in?out")


def stay(visit: Visit) -> Response:
    """The session goes on, as with any page; for the notice that it is about to end."""
    return visit.say(200, "You are still signed in", "Go back to what you were doing.")


def password_form(visit: Visit) -> Response:
    return visit.page("password.html", wrong={}, length=sign_in.PASSWORD_LENGTH)


def change_password(visit: Visit) -> Response:
    wrong = {}
    try:
        sign_in.change_own_password(
            visit.room.engine,
            visit.user,
            visit.form.get("current", [""])[0],
            visit.form.get("new", [""])[0],
            visit.address,
            visit.room.secret,
        )
    except sign_in.SignInRefused as refused:
        wrong["current"] = str(refused)
    except sign_in.UserRefused as refused:
        wrong["new"] = f"{str(refused).capitalize()}."
    if wrong:
        return visit.page("password.html", 422, wrong=wrong, length=sign_in.PASSWORD_LENGTH)
    visit.session.clear()
    return visit.on_to("/sign-in")


def queue(visit: Visit) -> Response:
    """Where everyone starts; people who do not read go on to what they look after."""
    queues = {role: _queue(visit, role) for role in ("reader", "adjudicator") if visit.user.may(role)}
    if not queues:
        return visit.on_to("/progress")
    return visit.page("queue.html", queues=queues, any_queue=next(iter(queues.values())))


def _queue(visit: Visit, role: str):
    return visit.room.desk.queue(visit.user.username, adjudicating=role == "adjudicator")


def next_case(visit: Visit) -> Response:
    """Take the next case of a role, of one quarter or any, and go to it."""
    role = visit.field("role")
    if role not in ("reader", "adjudicator") or not visit.user.may(role):
        return visit.say(403, "Not for your role", "You read only as what the lead has made you.")
    slot = visit.room.desk.claim(
        visit.user.username, visit.field("quarter") or None, adjudicating=role == "adjudicator"
    )
    return visit.on_to(f"/case/{slot.slot}" if slot else "/")


def pause(visit: Visit) -> Response:
    visit.room.desk.pause(visit.user.username, visit.field("on") == "yes")
    return visit.on_to("/")


def case(visit: Visit, slot: int) -> Response:
    return _show(visit, _held(visit, slot), {})


def answer(visit: Visit, slot: int) -> Response:
    """Append the answer and go on to the next case of the same kind, or show what is wrong with it."""
    case = _held(visit, slot)
    answered, wrong = answer_form.read(visit.form, case)
    if wrong:
        return _show(visit, case, visit.form, wrong)
    if visit.field("then") == "stop":
        visit.room.desk.answer(visit.user.username, slot, answered)
        return visit.on_to("/")
    following = visit.room.desk.answer_and_claim(visit.user.username, slot, answered)
    return visit.on_to(f"/case/{following.slot}" if following else "/")


def own_readings(visit: Visit) -> Response:
    """What a reader answered and may still correct."""
    rows = [
        row | {"name": _force_names().get(row["force"], row["force"])}
        for row in visit.room.desk.own_readings(visit.user.username)
    ]
    return visit.page("own_readings.html", rows=rows, labels=_labels())


def correction(visit: Visit, reading: int) -> Response:
    """The case of a reader's own reading with what they answered."""
    case, said = _own_reading(visit, reading)
    return _show(visit, case, answer_form.filled_in(said), correcting=reading)


def correct(visit: Visit, reading: int) -> Response:
    """Append the correction, with its reason, or show what is wrong with it."""
    case, _ = _own_reading(visit, reading)
    answered, wrong = answer_form.read(visit.form, case, correcting=True)
    if wrong:
        return _show(visit, case, visit.form, wrong, correcting=reading)
    visit.room.desk.correct(visit.user.username, reading, answered)
    return visit.on_to("/own-readings")


def _own_reading(visit: Visit, reading: int):
    case, said = visit.room.desk.own_reading(visit.user.username, reading)
    _may_still(visit, case)
    return case, said


def _held(visit: Visit, slot: int):
    """The case of a slot; only for its holder in a role they still have."""
    case = visit.room.desk.case(visit.user.username, slot)
    _may_still(visit, case)
    return case


def _may_still(visit: Visit, case: Case) -> None:
    if not visit.user.may(case.role):
        raise sign_in.SignInRefused(f"You are no longer of the role {case.role}: this case goes to another.")


def _show(
    visit: Visit,
    case: Case,
    sent: Mapping[str, list[str]],
    wrong: dict[str, str] | None = None,
    correcting: int | None = None,
) -> Response:
    """A case with the form below it, noted as viewed before anyone sees it."""
    page = "correction" if correcting else case.role
    sign_in.note_view(visit.room.engine, visit.user, page, slot=case.slot)
    return visit.page(
        "case.html",
        422 if wrong else 200,
        case=case,
        correcting=correcting,
        why=answer_form.why(case, bool(correcting)),
        force_names=_force_names(),
        questions=answer_form.questions(case),
        labels=_labels(),
        deciding=answer_form.deciding_fields(case),
        wrong=wrong or {},
        sent=sent,
        codebook=codebook_html(case.codebook),
    )


def codebook(visit: Visit) -> Response:
    version = visit.room.desk.policy.codebook
    return visit.page("codebook.html", version=version, codebook=codebook_html(version))


def progress(visit: Visit) -> Response:
    """Quarters, and the forces of the one that is asked for."""
    rows = visit.room.desk.progress()
    counts = ("items", "read", "second_due", "to_adjudicate", "settled", "unread", "retired")
    quarters: dict[str, dict] = {}
    for row in rows:
        total = quarters.setdefault(row["quarter"], {"quarter": row["quarter"]} | dict.fromkeys(counts, 0))
        for name in counts:
            total[name] += row[name]
    chosen = visit.request.query_params.get("quarter", "")
    if chosen not in quarters:
        chosen = max(quarters, default="")
    forces = [
        row | {"name": _force_names().get(row["force"], row["force"])}
        for row in rows
        if row["quarter"] == chosen
    ]
    return visit.page("progress.html", quarters=list(quarters.values()), chosen=chosen, forces=forces)


def disagreements(visit: Visit) -> Response:
    rows = [
        row | {"name": _force_names().get(row["force"], row["force"])}
        for row in visit.room.desk.disagreements()
    ]
    return visit.page("disagreements.html", rows=rows)


def history(visit: Visit, item: int) -> Response:
    """All that happened to an item, and who did it; not the case itself."""
    found = visit.room.desk.history(item)
    sign_in.note_view(visit.room.engine, visit.user, "history", item=item)
    return visit.page(
        "history.html", item=found, force=_force_names().get(found["force"], found["force"]), labels=_labels()
    )


def views(visit: Visit) -> Response:
    username = visit.request.query_params.get("username", "").strip()
    rows = sign_in.views(visit.room.engine, username or None)
    # only when asked: every reading is hashed anew
    broken = visit.room.desk.verify_chain() if "chain" in visit.request.query_params else None
    return visit.page("views.html", rows=rows, username=username, broken=broken)


def agreement(visit: Visit) -> Response:
    """Of the cases that two people read: how many they answered alike, and how far beyond chance, by quarter."""
    desk = visit.room.desk
    quarters = sorted({row["quarter"] for row in desk.progress()})
    rows = [{"quarter": quarter, **desk.agreement_counts(quarter)} for quarter in quarters]
    return visit.page(
        "agreement.html", rows=rows, total=desk.agreement_counts(), measured=desk.agreement(), asked=QUESTIONS
    )


@cache
def codebook_html(version: str):
    """The codebook as HTML without its title, which the page has; a wide table scrolls, by keys too."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    # no raw HTML: the codebook is ours, and a page without any is easier to vouch for
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    text = (CODEBOOKS / f"{version}.md").read_text(encoding="utf-8")
    tokens = reader.parse(text.partition("\n")[2] if text.startswith("# ") else text)
    for token in tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")
    html = reader.renderer.render(tokens, reader.options, {})
    html = html.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    return Markup(html)  # noqa: S704 - escaped by the reader


@cache
def _force_names() -> dict[str, str]:
    return {row["force"]: row["name"] for row in seed_rows("forces.csv")}


@cache
def _labels() -> dict[str, str]:
    """What a person reads for a value of an answer."""
    return {value: label for one in answer_form.QUESTIONS for value, label, _ in one.options} | {
        "not_collected": "Not collected",
    }
