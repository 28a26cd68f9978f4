"""The reading desk: who reads which case next, what they are shown, and what their answer settles.

The reading room and the workbooks are doors to it. Every method is one transaction; what may not be is DeskRefused,
with a sentence for the person at the door.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    union,
    union_all,
    update,
)

from orchestration import clock, schemes
from orchestration.home import Home, seed_rows
from orchestration.keys import token_key
from orchestration.ledger import chain, evidence
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.tables import (
    gold_slots,
    pauses,
    readings,
    worklist,
)
from orchestration.ledger.transactions import writing
from orchestration.readings import codebook, pairs, progress
from orchestration.readings import worklist as making
from orchestration.readings.answers import completed, problems
from orchestration.readings.codebook import Rule
from orchestration.readings.policy import Policy, keyed_number, read_policy
from orchestration.readings.worklist import FIELDS, GONE, Synced

READER = ("first", "second")
KEY = ("force", "crime_reference", "version")


def _given() -> Any:
    """Every open slot with who holds it: those of the worklist, and the gold items among a reader's cases."""
    of_item = [worklist.c[name] for name in ("item", *KEY, "quarter", "round")]
    gold = (
        select(
            *of_item,
            literal("gold").label("state"),
            gold_slots.c.slot,
            case((gold_slots.c.held_at.is_not(None), gold_slots.c.reader)).label("held_by"),
            gold_slots.c.held_at,
            gold_slots.c.held_until,
        )
        .join(gold_slots, gold_slots.c.item == worklist.c.item)
        .where(
            worklist.c.state.not_in(GONE),
            ~exists().where(readings.c.slot == gold_slots.c.slot),
        )
    )
    held = [worklist.c[name] for name in ("state", "slot", "held_by", "held_at", "held_until")]
    return union_all(select(*of_item, *held), gold).subquery()


GIVEN = _given()


class DeskRefused(ValueError):
    """The request is not allowed; the sentence has the reason and what to do, and repeats no record's value."""


class AgainstCodebook(DeskRefused):
    """An answer that goes against rules of the codebook and that the reader did not keep all the same: nothing is saved."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        super().__init__(" ".join(rule.sentence for rule in self.rules))


@dataclass(frozen=True)
class Answer:
    """What a reader answers of a case: the columns of the readings file that are theirs to fill in."""

    group_based: str
    network_definition: str
    criterion: str = ""
    runner_up: str = ""
    committed_by_children: str = "not_collected"
    facilitator_present: str = ""
    offenders_read: int | None = None
    confidence: str = "high"
    decided_by: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Slot:
    """One reading due, held for a reader. `role` is reader or adjudicator: whether theirs is the first or the second
    reading would give away the first answer, and a gold item that is known is read with more care."""

    slot: int
    item: int
    quarter: str
    role: str
    held_until: str


@dataclass(frozen=True)
class Case:
    """What a slot's holder is shown. `fields` has those of the record by name, victims, suspects and linked crimes as
    lists; `changed` what stood there when the crime was read before, by name; `answers` only for an adjudicator.
    Why it is a candidate is not shown: a reader who recognised the control group would read it as one."""

    slot: int
    role: str
    force: str
    quarter: str
    crime_reference: str
    version: str
    fields: Mapping[str, Any]
    summary: str
    children_asked: bool
    codebook: str
    changed: Mapping[str, Any] = field(default_factory=dict)
    answers: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Queue:
    """What a reader may read today; `waiting` has quarter, role (reader, adjudicator) and cases."""

    reader: str
    cap: int
    read_today: int
    paused: bool
    held: Slot | None
    waiting: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Reading:
    """A reading as it stands in the ledger; `state` is where its item now is."""

    reading: int
    slot: int
    hash: str
    state: str


class Desk:
    """The desk of a home. `now` gives the moment, for tests."""

    def __init__(self, home: Home, now: Callable[[], datetime] = clock.now) -> None:
        self.home = home
        self.policy: Policy = read_policy()
        self.gold = [tuple(row[name] for name in KEY) for row in seed_rows("gold_items.csv")]
        self._now = now
        self.engine = open_ledger(home)

    def close(self) -> None:
        self.engine.dispose()

    def sync(self) -> Synced:
        """Make the worklist follow the cases of the newest build; nothing when it already does."""
        counted = Synced()
        for quarter in making.arriving_quarters(self.home):
            with writing(self.engine) as connection:
                done = making.sync_quarter(
                    connection, self.home, self.policy, token_key(self.home), quarter, self._moment()
                )
            making.accept(self.home, quarter)
            with writing(self.engine) as connection:
                evidence.note_files(connection, self.home, making.cases_file(self.home, quarter))
            counted = Synced(
                **{name: number + getattr(done, name) for name, number in asdict(counted).items()}
            )
        return counted

    def queue(self, reader: str, adjudicating: bool = False) -> Queue:
        """What waits for a reader, and how many of today's readings are left."""
        roles = ("adjudicator",) if adjudicating else READER
        with self.engine.connect() as connection:
            waiting = self._waiting(connection, reader, roles)
            role = "adjudicator" if adjudicating else "reader"
            return Queue(
                reader=reader,
                cap=self.policy.daily_cap,
                read_today=self._read_today(connection, reader),
                paused=self._paused(connection, reader),
                held=self._held(connection, reader, roles),
                waiting=tuple(
                    {"quarter": quarter, "role": role, "cases": cases}
                    for quarter, cases in sorted(waiting.items())
                    if cases
                ),
            )

    def claim(self, reader: str, quarter: str | None = None, adjudicating: bool = False) -> Slot | None:
        """The next case for a reader, theirs alone until it lapses; the one they hold if they hold one.

        None when nothing waits for them. Raises DeskRefused while they pause and when the day's readings are done.
        """
        slots = self.claim_many(reader, quarter, adjudicating, self.policy.claim_minutes, 1)
        return slots[0] if slots else None

    def claim_many(
        self, reader: str, quarter: str | None, adjudicating: bool, minutes: int, cases: int
    ) -> list[Slot]:
        """The same for up to `cases` of them, those the reader holds first; each is held for so many minutes anew."""
        with writing(self.engine) as connection:
            self._may_read(connection, reader)
            return self._claim(connection, reader, quarter, adjudicating, minutes, cases)

    def release(self, reader: str, slot: int) -> None:
        """Give back a case without an answer."""
        with writing(self.engine) as connection:
            self._own(connection, reader, slot)
            self._give_back(connection, slot=slot)

    def case(self, reader: str, slot: int) -> Case:
        """What the holder of a slot is shown. Raises DeskRefused for anyone else."""
        with self.engine.connect() as connection:
            row = self._own(connection, reader, slot)
            answers = self._both_answers(connection, row.item) if row.state == "adjudicator" else ()
        return self._case(row, answers, row.state, slot)

    def answer(self, reader: str, slot: int, answer: Answer, keeps: Collection[str] = ()) -> Reading:
        """Append the holder's answer and open what it makes due. Raises DeskRefused for what may not be answered, and
        AgainstCodebook where it goes against a rule that is not among those the reader `keeps` it against."""
        with writing(self.engine) as connection:
            row = self._own(connection, reader, slot)
            self._may_read(connection, reader)
            return self._append(connection, row, row.state, reader, slot, answer, keeps)

    def answer_and_claim(
        self, reader: str, slot: int, answer: Answer, keeps: Collection[str] = ()
    ) -> Slot | None:
        """The same, and the reader's next case of the same kind: one transaction, as a page waits for both. None when
        nothing waits for them or the day's readings are done."""
        with writing(self.engine) as connection:
            row = self._own(connection, reader, slot)
            read_today = self._may_read(connection, reader)
            self._append(connection, row, row.state, reader, slot, answer, keeps)
            if read_today + 1 >= self.policy.daily_cap:
                return None
            adjudicating = row.state == "adjudicator"
            slots = self._claim(connection, reader, None, adjudicating, self.policy.claim_minutes, 1)
            return slots[0] if slots else None

    def answer_many(
        self, reader: str, answers: Mapping[int, Answer], source_file: str, keeps: Collection[str] = ()
    ) -> list[Reading]:
        """The same for all the slots of a workbook, all or none."""
        with writing(self.engine) as connection:
            return [
                self._append(connection, row, row.state, reader, slot, answer, keeps, source_file=source_file)
                for slot, answer in answers.items()
                for row in [self._own(connection, reader, slot)]
            ]

    def own_readings(self, reader: str, newest: int = 50) -> list[dict[str, Any]]:
        """The newest readings of a reader that they may correct, newest first: reading, quarter, force, crime
        reference, read_at and their answer. A gold item stands among them like any other."""
        with self.engine.connect() as connection:
            statement = self._correctable(reader).order_by(readings.c.reading_id.desc()).limit(newest)
            return [dict(row) for row in connection.execute(statement).mappings()]

    def own_reading(self, reader: str, reading: int) -> tuple[Case, Answer]:
        """The case of a reader's own reading as it is shown now, and what they answered. Raises DeskRefused where it
        is not theirs, corrected already, or of a crime that has changed since."""
        with self.engine.connect() as connection:
            old, row = self._own_reading(connection, reader, reading)
            answers = self._both_answers(connection, row.item) if old.role == "adjudicator" else ()
        return self._case(row, answers, old.role, old.slot), Answer(**_shown(old._mapping))

    def correct(self, reader: str, reading: int, answer: Answer, keeps: Collection[str] = ()) -> Reading:
        """Append a reader's correction of their own reading, which stays: the new one counts. It has a reason."""
        with writing(self.engine) as connection:
            old, row = self._own_reading(connection, reader, reading)
            if self._paused(connection, reader):
                raise DeskRefused("you are on a break: end it before correcting")
            if not answer.reason:
                raise DeskRefused("write why you correct it: a correction has a reason")
            return self._append(
                connection, row, old.role, reader, old.slot, answer, keeps, corrects=reading, started_at=None
            )

    def rest_due(self, reader: str, one_more: bool = False) -> int:
        """How many cases a reader has read in a row (with `one_more`, the one they now answer) where it is time to offer
        a pause, else 0.

        In a row are those since the last break with no more than `row_minutes` between one and the next.
        """
        if not self.policy.pause_after:
            return 0
        with self.engine.connect() as connection:
            in_a_row = self._in_a_row(connection, reader) + one_more
        return 0 if in_a_row % self.policy.pause_after else in_a_row

    def pause(self, reader: str, on: bool) -> None:
        """Begin or end a reader's break; what they hold goes back to the others."""
        with writing(self.engine) as connection:
            connection.execute(insert(pauses), {"reader": reader, "paused": on, "at": self._moment()})
            if on:
                self._give_back(connection, reader=reader)

    def progress(self, quarter: str | None = None) -> list[dict[str, Any]]:
        """A row for each quarter and force: `progress.rows`."""
        with self.engine.connect() as connection:
            return progress.rows(connection, self._now(), quarter)

    def verify_chain(self) -> list[str]:
        """A sentence for each reading that is not as it was written; empty when all are."""
        return chain.verify(self.engine)

    def _moment(self) -> str:
        return _text(self._now())

    def _free_for(self, reader: str, roles: tuple[str, ...]) -> Any:
        """The items with an open slot that this reader may take: nobody else holds it, and they have not read it."""
        return and_(
            worklist.c.state.in_(roles),
            or_(
                worklist.c.held_by.is_(None),
                worklist.c.held_by == reader,
                self._lapsed(),
            ),
            # a gold item that comes back as an ordinary case must not lack readers
            ~exists().where(readings.c.reader == reader, readings.c.role != "gold", *_same("round")),
        )

    def _claim(
        self, connection: Any, reader: str, quarter: str | None, adjudicating: bool, minutes: int, cases: int
    ) -> list[Slot]:
        roles = ("adjudicator",) if adjudicating else READER
        of = [worklist.c.quarter == quarter] if quarter else []
        # theirs first, then second readings, then in the order of the index: nothing is sorted
        mine = select(GIVEN.c.slot).where(
            GIVEN.c.held_by == reader, GIVEN.c.state.in_((*roles, *self._gold_role(roles)))
        )
        mine = mine.where(GIVEN.c.quarter == quarter) if quarter else mine
        chosen = list(connection.scalars(mine.order_by(GIVEN.c.item).limit(cases)))
        wanted = cases - len(chosen)
        free: list[int] = []
        for role in reversed(roles):
            of_role = select(worklist.c.slot).where(
                *of, self._free_for(reader, (role,)), worklist.c.slot.not_in(chosen)
            )
            in_order = of_role.order_by(worklist.c.quarter, worklist.c.item)
            if len(free) < wanted:
                free += connection.scalars(in_order.limit(wanted - len(free))).all()
        if wanted and not adjudicating:
            gold = self._gold(connection, reader, wanted, len(free), chosen, *of)
            free = [*free[: wanted - len(gold)], *gold]
        until = _text(self._now() + timedelta(minutes=minutes))
        for table, name in self._tables():
            # a workbook's fortnight is not cut short by a look at one of its cases
            longest = case((table.c.held_until > until, table.c.held_until), else_=until)
            theirs = and_(table.c[name] == reader, table.c.held_at.is_not(None))
            began = case((theirs, table.c.held_at), else_=self._moment())
            connection.execute(
                update(table)
                .where(table.c.slot.in_([*chosen, *free]))
                .values({name: reader, "held_at": began, "held_until": longest})
            )
        held = select(GIVEN).where(GIVEN.c.slot.in_([*chosen, *free]))
        return [_slot(row) for row in connection.execute(held.order_by(GIVEN.c.item))]

    def _waiting(self, connection: Any, reader: str, roles: tuple[str, ...]) -> Counter:
        """How many cases of each quarter wait for a reader, gold items too. All that wait, by the index alone, less
        the few that others hold or the reader has read: asking it of each of 50,000 would take a second."""

        def by_quarter(chosen: Any) -> Counter:
            counted = select(worklist.c.quarter, func.count()).where(chosen).group_by(worklist.c.quarter)
            return Counter({quarter: cases for quarter, cases in connection.execute(counted)})

        open_now = worklist.c.state.in_(roles)
        held = select(worklist.c.item).where(
            open_now, worklist.c.held_by.is_not(None), worklist.c.held_by != reader, ~self._lapsed()
        )
        read = (
            select(worklist.c.item)
            .join(readings, and_(*_same("round")))
            .where(open_now, readings.c.reader == reader, readings.c.role != "gold")
        )
        waiting = by_quarter(open_now)
        waiting.subtract(by_quarter(worklist.c.item.in_(union(held, read))))
        if self.gold and roles == READER:
            waiting.update(by_quarter(self._gold_unread(reader)))
        return waiting

    def _gold_role(self, roles: tuple[str, ...]) -> tuple[str, ...]:
        return ("gold",) if roles == READER else ()

    def _gold_unread(self, reader: str) -> Any:
        """The settled gold items that a reader has not read: reading one delays nobody."""
        return and_(
            worklist.c.state == "settled",
            tuple_(*(worklist.c[name] for name in KEY)).in_(self.gold),
            ~exists().where(readings.c.reader == reader, *_same()),
        )

    def _gold(
        self, connection: Any, reader: str, wanted: int, free: int, held: list[int], *of: Any
    ) -> list[int]:
        """Slots of the gold items among a reader's next `wanted` cases, `free` others being there to read.

        Which case is one follows from the home's key and the reader's count of readings: a case that is given back
        comes again as what it was. Once nothing else waits the rest of them follow, so that the count on the reader's
        page goes down by one with each.
        """
        if not self.gold:
            return []
        unread = select(worklist.c.item).where(self._gold_unread(reader), *of)
        opened = dict(
            connection.execute(
                select(gold_slots.c.item, gold_slots.c.slot).where(gold_slots.c.reader == reader)
            ).all()
        )
        left = [item for item in connection.scalars(unread) if opened.get(item) not in held]
        left.sort(key=lambda item: self._number(reader, "item", item))
        read = connection.scalar(
            select(func.count()).select_from(readings).where(readings.c.reader == reader)
        )
        places = range(read + len(held), read + len(held) + wanted)
        due = sum(self._number(reader, "place", place) < self.policy.gold_share for place in places)
        chosen = left[: max(due, wanted - free)]
        fresh = [item for item in chosen if item not in opened]
        if fresh:
            opened |= dict(zip(fresh, making.slot_numbers(connection, len(fresh)), strict=True))
            rows = [
                {"slot": opened[item], "item": item, "reader": reader, "opened_at": self._moment()}
                for item in fresh
            ]
            connection.execute(insert(gold_slots), rows)
        return [opened[item] for item in chosen]

    def _number(self, *words: object) -> float:
        return keyed_number(token_key(self.home), "gold", *words)

    def _give_back(self, connection: Any, slot: int | None = None, reader: str | None = None) -> None:
        """A slot, or all that a reader holds, is free again."""
        for table, name in self._tables():
            chosen = table.c.slot == slot if slot else table.c[name] == reader
            free = {"held_at": None, "held_until": None} | ({"held_by": None} if table is worklist else {})
            connection.execute(update(table).where(chosen).values(free))

    def _both_answers(self, connection: Any, item: int) -> tuple[Mapping[str, Any], ...]:
        by_role = making.standing(connection, worklist.c.item == item)[item]
        # not who gave it
        return tuple(
            {**_shown(by_role[role]), "checks": pairs.kept_against(by_role[role])}
            for role in READER
            if role in by_role
        )

    def _tables(self) -> list[tuple[Any, str]]:
        """Where cases are held, and by whom; gold items only where there are any, as a page waits for each statement."""
        return [(worklist, "held_by"), *([(gold_slots, "reader")] if self.gold else [])]

    def _lapsed(self) -> Any:
        return worklist.c.held_until < self._moment()

    def _correctable(self, reader: str) -> Any:
        """A reader's readings of crimes as they still are, and not corrected yet."""
        later = readings.alias()
        said = [readings.c[name] for name in ("reading_id", "read_at", "group_based", "criterion")]
        return (
            select(*said, *(worklist.c[name] for name in ("quarter", "force", "crime_reference")))
            .join(worklist, and_(*_same("round")))
            .where(
                readings.c.reader == reader,
                # a name in a file is no sign-in
                readings.c.slot.is_not(None),
                worklist.c.state.not_in(GONE),
                ~exists().where(later.c.corrects == readings.c.reading_id),
            )
        )

    def _own_reading(self, connection: Any, reader: str, reading: int) -> tuple[Any, Any]:
        """A reader's own reading and its item's row of the worklist, where the one still counts for the other."""
        old = connection.execute(select(readings).where(readings.c.reading_id == reading)).one_or_none()
        if old is None or old.reader != reader or old.slot is None:
            raise DeskRefused("only the reader who gave a reading at the desk can correct it")
        if connection.scalar(select(readings.c.reading_id).where(readings.c.corrects == reading)):
            raise DeskRefused("this reading is corrected already: correct the later one")
        row = connection.execute(
            select(worklist).where(
                *(worklist.c[name] == getattr(old, name) for name in (*KEY, "round")),
                worklist.c.state.not_in(GONE),
            )
        ).one_or_none()
        if row is None:
            raise DeskRefused("the crime has changed since: it is read again as it is now")
        return old, row

    def _held(self, connection: Any, reader: str, roles: tuple[str, ...]) -> Slot | None:
        held = select(GIVEN).where(
            GIVEN.c.held_by == reader,
            GIVEN.c.held_until >= self._moment(),
            GIVEN.c.state.in_((*roles, *self._gold_role(roles))),
        )
        row = connection.execute(held.order_by(GIVEN.c.item).limit(1)).one_or_none()
        return _slot(row) if row else None

    def _own(self, connection: Any, reader: str, slot: int) -> Any:
        row = connection.execute(select(GIVEN).where(GIVEN.c.slot == slot)).one_or_none()
        if row is None:
            raise DeskRefused("this case has been answered or has changed: take the next one")
        if row.held_by != reader:
            raise DeskRefused("this case is not yours to read: take the next one")
        return row

    def _read_today(self, connection: Any, reader: str) -> int:
        today = self._moment()[: len("2023-01-01")]
        return connection.scalar(
            select(func.count())
            .select_from(readings)
            .where(
                readings.c.reader == reader,
                readings.c.imported_at >= today,
                readings.c.slot.is_not(None),
                readings.c.corrects.is_(None),
            )
        )

    def _in_a_row(self, connection: Any, reader: str) -> int:
        newest = (
            select(readings.c.imported_at)
            .where(readings.c.reader == reader, readings.c.slot.is_not(None), readings.c.corrects.is_(None))
            .order_by(readings.c.imported_at.desc())
            .limit(self.policy.daily_cap)
        )
        break_at = connection.scalar(select(func.max(pauses.c.at)).where(pauses.c.reader == reader)) or ""
        at, count = self._now(), 0
        for moment in connection.scalars(newest):
            before = datetime.fromisoformat(moment)
            if moment <= break_at or at - before > timedelta(minutes=self.policy.row_minutes):
                break
            at, count = before, count + 1
        return count

    def _paused(self, connection: Any, reader: str) -> bool:
        newest = (
            select(pauses.c.paused).where(pauses.c.reader == reader).order_by(pauses.c.pause.desc()).limit(1)
        )
        return bool(connection.scalar(newest))

    def _may_read(self, connection: Any, reader: str) -> int:
        """How many readings of today's are given; DeskRefused where no more may be."""
        if self._paused(connection, reader):
            raise DeskRefused("you are on a break: end it before reading on")
        read_today = self._read_today(connection, reader)
        if read_today >= self.policy.daily_cap:
            raise DeskRefused(f"today's {self.policy.daily_cap} readings are done: read on tomorrow")
        return read_today

    def _append(
        self,
        connection: Any,
        row: Any,
        role: str,
        reader: str,
        slot: int,
        answer: Answer,
        keeps: Collection[str],
        **more: Any,
    ) -> Reading:
        given = completed({**asdict(answer), "decided_by": ";".join(answer.decided_by), "role": role})
        if wrong := problems(given, row.quarter, self.policy.codebook):
            raise DeskRefused("; ".join(sentence for _, sentence in wrong))
        shown = making.read_case(self.home, row.quarter, row.force, row.crime_reference) or {}
        record = codebook.on_record(making.value("suspects", shown.get("suspects")))
        against = codebook.asked(self.policy.codebook, given, record)
        if unkept := [rule for rule in against if rule.rule not in keeps]:
            raise AgainstCodebook(unkept)
        moment = self._moment()
        before = connection.scalar(
            select(func.count()).select_from(readings).where(readings.c.reader == reader)
        )
        (written,) = chain.append(
            connection,
            [
                {
                    **given,
                    **{name: getattr(row, name) for name in (*KEY, "round")},
                    "checks": ";".join(rule.rule for rule in against) or None,
                    "reader": reader,
                    "slot": slot,
                    "started_at": row.held_at,
                    "read_at": moment,
                    "imported_at": moment,
                    "codebook": self.policy.codebook,
                    "scheme": schemes.in_force(row.quarter),
                    **more,
                }
            ],
        )
        if role != "gold":
            new_reader = before < self.policy.new_reader_readings
            making.settle(connection, self.policy, moment, [row.item], new_reader=new_reader)
        state = connection.scalar(select(worklist.c.state).where(worklist.c.item == row.item))
        return Reading(written["reading_id"], slot, written["hash"], state)

    def _case(self, row: Any, answers: tuple[Mapping[str, Any], ...], role: str, slot: int) -> Case:
        shown = making.read_case(self.home, row.quarter, row.force, row.crime_reference)
        if shown is None or shown["version"] != row.version:
            raise DeskRefused("this case has changed since it was taken: take the next one")
        before = json.loads(shown["before"] or "{}")
        now_there = {name: None if shown.get(name) is None else str(shown[name]) for name in making.SHOWN}
        return Case(
            slot=slot,
            role="adjudicator" if role == "adjudicator" else "reader",
            force=row.force,
            quarter=row.quarter,
            crime_reference=row.crime_reference,
            version=row.version,
            fields={name: making.value(name, shown.get(name)) for name in FIELDS},
            summary=shown["summary"] or "",
            children_asked=row.quarter >= schemes.children_collected_from(),
            codebook=self.policy.codebook,
            changed={name: making.value(name, was) for name, was in before.items() if was != now_there[name]},
            answers=answers,
        )


def _same(*more: str) -> list[Any]:
    """Readings of an item of the worklist, where `more` has what else is alike."""
    return [readings.c[name] == worklist.c[name] for name in (*KEY, *more)]


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _slot(row: Any) -> Slot:
    role = "adjudicator" if row.state == "adjudicator" else "reader"
    return Slot(row.slot, row.item, row.quarter, role, row.held_until)


def _shown(reading: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as a reader gave it."""
    said = {one.name: reading[one.name] for one in fields(Answer)}
    return {**said, "decided_by": tuple((said["decided_by"] or "").split(";")) if said["decided_by"] else ()}
