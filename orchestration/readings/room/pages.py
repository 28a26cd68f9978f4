"""The pages of the reading room: each takes a visit and gives a page, over the desk.

The text of a case goes into its own page and nowhere else: not into an address, a log or a message.
"""

from collections.abc import Mapping
from functools import cache

from starlette.responses import Response

from orchestration import schemes
from orchestration.home import seed_rows
from orchestration.ledger import log
from orchestration.readings import oversight, pairs
from orchestration.readings import progress as forecasting
from orchestration.readings.agreement import QUESTIONS
from orchestration.readings.codebook import Rule, rules
from orchestration.readings.desk import AgainstCodebook, Answer, Case, Queue
from orchestration.readings.room import answer_form, care, guideline, second_factor, sign_in
from orchestration.readings.room.visit import Visit, begin


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
            visit.room.engine,
            username,
            visit.form.get("password", [""])[0],
            visit.address,
            visit.room.keys,
            visit.field("code"),
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
            visit.room.keys,
            visit.field("code"),
        )
    except sign_in.SignInRefused as refused:
        wrong["current"] = str(refused)
    except sign_in.UserRefused as refused:
        wrong["new"] = f"{str(refused).capitalize()}."
    if wrong:
        return visit.page("password.html", 422, wrong=wrong, length=sign_in.PASSWORD_LENGTH)
    visit.session.clear()
    return visit.on_to("/sign-in")


def second_factor_form(visit: Visit) -> Response:
    return _second_factor(visit, {})


def enrol_second_factor(visit: Visit) -> Response:
    """A second factor for who has shown a code of it; their recovery codes are on this page and on no other."""
    try:
        visit.came, codes = sign_in.enrol(
            visit.room.engine,
            visit.user,
            visit.session.get("salt", ""),
            visit.field("code"),
            visit.address,
            visit.room.keys,
        )
    except sign_in.SignInRefused as refused:
        return _second_factor(visit, {"code": str(refused)})
    begin(visit, visit.user)
    return visit.page("recovery_codes.html", codes=codes)


def _second_factor(visit: Visit, wrong: dict[str, str]) -> Response:
    salt = visit.session.setdefault("salt", second_factor.propose(visit.room.keys))
    of = visit.room.keys, visit.user.username, salt
    return visit.page(
        "second_factor.html",
        422 if wrong else 200,
        wrong=wrong,
        must=visit.must_enrol,
        secret="" if visit.user.enrolled else second_factor.secret(*of),
        link="" if visit.user.enrolled else second_factor.address(*of),
    )


def people(visit: Visit) -> Response:
    """Who may come in, and whom wrong passwords or a lost phone keep out."""
    return visit.page(
        "people.html",
        people=sign_in.list_users(visit.room.engine),
        wrong_passwords=sign_in.wrong_passwords(visit.room.engine),
    )


def help_somebody(visit: Visit) -> Response:
    """Open what wrong passwords have locked, or take a lost second factor away; never one's own."""
    username, engine, lead = visit.field("username"), visit.room.engine, visit.user.username
    if username == lead:
        return visit.say(403, "Not for yourself", "Ask another lead, or whoever runs the room.")
    try:
        if visit.field("do") == "open":
            sign_in.change_user(engine, username, lead)
        elif visit.field("do") == "take":
            sign_in.take_second_factor_away(engine, username, lead)
    except sign_in.UserRefused:
        return visit.say(404, "Not found", "There is nobody of that name.")
    return visit.on_to("/people")


def queue(visit: Visit) -> Response:
    """Where everyone starts; people who do not read go on to what they look after."""
    queues = {role: _queue(visit, role) for role in ("reader", "adjudicator") if visit.user.may(role)}
    if not queues:
        return visit.on_to("/progress")
    return visit.page(
        "queue.html", queues=queues, any_queue=next(iter(queues.values())), support=care.support()
    )


def _queue(visit: Visit, role: str) -> Queue:
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
    if not answered:
        return _show(visit, case, visit.form, wrong)
    desk, reader, keeps = visit.room.desk, visit.user.username, visit.form.get("keeps", [])
    try:
        if visit.field("then") == "stop":
            desk.answer(reader, slot, answered, keeps)
            return visit.on_to("/")
        if desk.rest_due(reader, one_more=True):
            desk.answer(reader, slot, answered, keeps)
            return visit.on_to(f"/rest/{case.role}")
        following = desk.answer_and_claim(reader, slot, answered, keeps)
    except AgainstCodebook as against:
        return _show(visit, case, visit.form, against=against.rules)
    return visit.on_to(f"/case/{following.slot}" if following else "/")


def rest(visit: Visit, role: str) -> Response:
    """A pause is offered after so many cases in a row; nobody has to take it."""
    if role not in ("reader", "adjudicator") or not visit.user.may(role):
        return visit.on_to("/")
    in_a_row = visit.room.desk.rest_due(visit.user.username)
    queue = _queue(visit, role)
    if not in_a_row or queue.read_today >= queue.cap:
        return visit.on_to("/")
    return visit.page("rest.html", in_a_row=in_a_row, role=role, support=care.support())


def own_readings(visit: Visit) -> Response:
    """What a reader answered and may still correct."""
    rows = [
        row | {"name": _force_names().get(row["force"], row["force"])}
        for row in visit.room.desk.own_readings(visit.user.username)
    ]
    _note_list(visit, "own readings shown", rows)
    return visit.page("own_readings.html", rows=rows, labels=_labels())


def correction(visit: Visit, reading: int) -> Response:
    """The case of a reader's own reading with what they answered."""
    case, answer = _own_reading(visit, reading)
    return _show(visit, case, answer_form.filled_in(answer), correcting=reading)


def correct(visit: Visit, reading: int) -> Response:
    """Append the correction, with its reason, or show what is wrong with it."""
    case, _ = _own_reading(visit, reading)
    answered, wrong = answer_form.read(visit.form, case, correcting=True)
    if not answered:
        return _show(visit, case, visit.form, wrong, correcting=reading)
    try:
        visit.room.desk.correct(visit.user.username, reading, answered, visit.form.get("keeps", []))
    except AgainstCodebook as against:
        return _show(visit, case, visit.form, correcting=reading, against=against.rules)
    return visit.on_to("/own-readings")


def _own_reading(visit: Visit, reading: int) -> tuple[Case, Answer]:
    case, answer = visit.room.desk.own_reading(visit.user.username, reading)
    _may_still(visit, case)
    return case, answer


def _held(visit: Visit, slot: int) -> Case:
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
    against: tuple[Rule, ...] = (),
) -> Response:
    """A case with the form beside it, noted as viewed before anyone sees it. `against`: the rules of the codebook that
    what was sent goes against, which the reader may keep it against."""
    page = "correction" if correcting else case.role
    sign_in.note_view(visit.room.engine, visit.user, page, slot=case.slot)
    return visit.page(
        "case.html",
        422 if wrong or against else 200,
        case=case,
        against=against,
        # kept once is kept: what is asked now comes on top
        keeps=[*sent.get("keeps", []), *(rule.rule for rule in against)],
        stepwise=not (wrong or against or correcting),
        warnings=care.warnings(case.fields["offence_code"]),
        support=care.support(),
        rules=_sentences(case.codebook),
        correcting=correcting,
        why=answer_form.why(case, bool(correcting)),
        force_names=_force_names(),
        questions=answer_form.questions(case),
        labels=_labels(),
        deciding=answer_form.deciding_fields(case),
        wrong=wrong or {},
        sent=sent,
        parts=guideline.parts(case.codebook),
    )


def codebook(visit: Visit) -> Response:
    version = visit.room.desk.policy.codebook
    return visit.page("codebook.html", version=version, codebook=guideline.html(version))


def progress(visit: Visit) -> Response:
    """Quarters, and the forces of the one that is asked for, in the order that a heading asks for."""
    rows = visit.room.desk.progress()
    asked = visit.request.query_params
    by_quarter = {quarter: [] for quarter in sorted({row["quarter"] for row in rows})}
    for row in rows:
        by_quarter[row["quarter"]].append(row)
    chosen = asked.get("quarter", "")
    if chosen not in by_quarter:
        chosen = max(by_quarter, default="")
    quarters = [{"quarter": name, **forecasting.summary(of)} for name, of in by_quarter.items()]
    forces = [
        {
            "force": row["force"],
            "name": _force_names().get(row["force"], row["force"]),
            **forecasting.summary([row]),
        }
        for row in by_quarter.get(chosen, [])
    ]
    sort, by, down = asked.get("sort", "quarter"), asked.get("by", "force"), "down" in asked
    return visit.page(
        "progress.html",
        quarters=forecasting.in_order(quarters, sort, "sort" in asked and down),
        chosen=chosen,
        forces=forecasting.in_order(forces, by, "by" in asked and down),
        total=forecasting.summary(rows),
        sort=sort,
        by=by,
        down="sort" in asked and down,
        by_down="by" in asked and down,
    )


def disagreements(visit: Visit) -> Response:
    rows = [
        row | {"name": _force_names().get(row["force"], row["force"])}
        for row in oversight.disagreements(visit.room.engine)
    ]
    _note_list(visit, "disagreements shown", rows)
    return visit.page("disagreements.html", rows=rows)


def _note_list(visit: Visit, what: str, rows: list[dict]) -> None:
    """A list of crimes by reference is consulted, too."""
    if rows:
        about = {"rows": len(rows), "sign_in": visit.user.sign_in}
        log.note(visit.room.engine, "consultation", what, about)


def history(visit: Visit, item: int) -> Response:
    """All that happened to an item, and who did it; not the case itself."""
    found = oversight.history(visit.room.engine, item)
    sign_in.note_view(visit.room.engine, visit.user, "history", item=item)
    return visit.page(
        "history.html",
        item=found,
        force=_force_names().get(found["force"], found["force"]),
        labels=_labels(),
        rules=_sentences(visit.room.desk.policy.codebook),
    )


def views(visit: Visit) -> Response:
    username = visit.request.query_params.get("username", "").strip()
    rows = sign_in.views(visit.room.engine, username or None)
    # only when asked: every reading is hashed anew
    broken = visit.room.desk.verify_chain() if "chain" in visit.request.query_params else None
    return visit.page("views.html", rows=rows, username=username, broken=broken)


def agreement(visit: Visit) -> Response:
    """Of the cases that two people read: how many they answered alike, how far beyond chance, and against what rules."""
    desk = visit.room.desk
    collected_from = schemes.children_collected_from()

    quarters = sorted({row["quarter"] for row in desk.progress()})
    with desk.engine.connect() as connection:
        by_two = pairs.of(connection)
        against = pairs.against(connection, desk.policy.codebook)

    def counted(read: list[pairs.Pair]) -> dict:
        return {**pairs.counts(read), "asked": pairs.asked(read)}

    return visit.page(
        "agreement.html",
        rows=[
            {"quarter": name, "collected": name >= collected_from}
            | counted([pair for pair in by_two if pair[0] == name])
            for name in quarters
        ],
        total=counted(by_two),
        measured=pairs.measured(by_two),
        asked=QUESTIONS,
        against=against,
        collected_from=collected_from,
    )


def _sentences(version: str) -> dict[str, str]:
    """The sentence of each rule of the codebook that an answer may be kept against."""
    return {rule.rule: rule.sentence for rule in rules(version)}


@cache
def _force_names() -> dict[str, str]:
    return {row["force"]: row["name"] for row in seed_rows("forces.csv")}


@cache
def _labels() -> dict[str, str]:
    """What a person reads for a value of an answer."""
    return {value: label for one in answer_form.QUESTIONS for value, label, _ in one.options} | {
        "not_collected": "Not collected",
    }
