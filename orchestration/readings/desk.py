"""The reading desk: who reads which case next, what they are shown, and what their answer settles.

The reading room and the workbooks are doors to it. Every method is one transaction; what may not be is DeskRefused,
with a sentence for the person at the door.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, exists, func, insert, or_, select, update

from orchestration import ledger
from orchestration.home import Home
from orchestration.ledger import items, pauses, reading_events, reading_slots, readings, worklist
from orchestration.readings import chain
from orchestration.readings import worklist as making
from orchestration.readings.answers import problems
from orchestration.readings.policy import AGREED, Policy, differences, read_policy
from orchestration.readings.worklist import FIELDS, GONE, Synced

READER = ("first", "second")


class DeskRefused(ValueError):
    """What was asked may not be; the sentence says why and what to do, and repeats no record's value."""


@dataclass(frozen=True)
class Answer:
    """What a reader says of a case: the columns of the readings file that are theirs to fill in."""

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
    """One reading owed, held for a reader. `role` is reader or adjudicator: whether theirs is the first or the second
    reading would tell what the first one said."""

    slot: int
    item: int
    quarter: str
    role: str
    held_until: str


@dataclass(frozen=True)
class Case:
    """What a slot's holder is shown. `fields` has those of the record by name, victims and suspects as lists;
    `changed` what stood there when the crime was read before, by name; `answers` only for an adjudicator."""

    slot: int
    role: str
    force: str
    quarter: str
    crime_reference: str
    version: str
    fields: Mapping[str, Any]
    summary: str
    reasons: tuple[str, ...]
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

    def __init__(self, home: Home, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self.home = home
        self.policy: Policy = read_policy()
        self._now = now
        self._engine = ledger.open_ledger(home)

    def close(self) -> None:
        self._engine.dispose()

    def sync(self) -> Synced:
        """Make the worklist follow the cases of the newest build; nothing when it already does."""
        from orchestration.warehouse.dbt import token_key

        counted = Synced()
        for quarter in making.arriving_quarters(self.home):
            with ledger.writing(self._engine) as connection:
                done = making.sync_quarter(
                    connection, self.home, self.policy, token_key(self.home), quarter, self._moment()
                )
            making.accept(self.home, quarter)
            counted = Synced(
                **{name: number + getattr(done, name) for name, number in asdict(counted).items()}
            )
        return counted

    def queue(self, reader: str, adjudicating: bool = False) -> Queue:
        """What waits for a reader, and how many of today's readings are left."""
        roles = ("adjudicator",) if adjudicating else READER
        with self._engine.connect() as connection:
            waiting = connection.execute(
                select(worklist.c.quarter, func.count().label("cases"))
                .where(self._free_for(reader, roles))
                .group_by(worklist.c.quarter)
                .order_by(worklist.c.quarter)
            )
            role = "adjudicator" if adjudicating else "reader"
            return Queue(
                reader=reader,
                cap=self.policy.daily_cap,
                read_today=self._read_today(connection, reader),
                paused=self._paused(connection, reader),
                held=self._held(connection, reader, roles),
                waiting=tuple({"quarter": row.quarter, "role": role, "cases": row.cases} for row in waiting),
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
        roles = ("adjudicator",) if adjudicating else READER
        of = [worklist.c.quarter == quarter] if quarter else []
        with ledger.writing(self._engine) as connection:
            self._may_read(connection, reader)
            # theirs first, then second readings, then in the order of the index: nothing is sorted
            mine = select(worklist.c.item).where(
                *of, worklist.c.held_by == reader, worklist.c.state.in_(roles)
            )
            chosen = list(connection.scalars(mine.order_by(worklist.c.slot).limit(cases)))
            for role in reversed(roles):
                free = select(worklist.c.item).where(
                    *of, self._free_for(reader, (role,)), worklist.c.item.not_in(chosen)
                )
                in_order = free.order_by(worklist.c.quarter, worklist.c.slot)
                chosen += connection.scalars(in_order.limit(cases - len(chosen))).all()
            until = _text(self._now() + timedelta(minutes=minutes))
            # a workbook's fortnight is not cut short by a look at one of its cases
            until = case((worklist.c.held_until > until, worklist.c.held_until), else_=until)
            held = worklist.c.item.in_(chosen)
            began = case((worklist.c.held_by == reader, worklist.c.held_at), else_=self._moment())
            connection.execute(
                update(worklist).where(held).values(held_by=reader, held_at=began, held_until=until)
            )
            return [
                _slot(row)
                for row in connection.execute(select(worklist).where(held).order_by(worklist.c.slot))
            ]

    def release(self, reader: str, slot: int) -> None:
        """Give back a case without an answer."""
        with ledger.writing(self._engine) as connection:
            row = self._own(connection, reader, slot)
            connection.execute(
                update(worklist)
                .where(worklist.c.item == row.item)
                .values(held_by=None, held_at=None, held_until=None)
            )

    def case(self, reader: str, slot: int) -> Case:
        """What the holder of a slot is shown. Raises DeskRefused for anyone else."""
        with self._engine.connect() as connection:
            row = self._own(connection, reader, slot)
            by_role = making.standing(connection, worklist.c.item == row.item).get(row.item, {})
        answers = ()
        if row.state == "adjudicator":
            answers = tuple(_shown(by_role[role]) for role in READER)
        return self._case(row, answers)

    def answer(self, reader: str, slot: int, answer: Answer) -> Reading:
        """Append the holder's answer and open what it makes owed. Raises DeskRefused for what may not be said."""
        with ledger.writing(self._engine) as connection:
            row = self._own(connection, reader, slot)
            self._may_read(connection, reader)
            return self._append(connection, row, row.state, reader, slot, answer)

    def answer_many(self, reader: str, answers: Mapping[int, Answer], source_file: str) -> list[Reading]:
        """The same for all the slots of a workbook, all or none."""
        with ledger.writing(self._engine) as connection:
            return [
                self._append(connection, row, row.state, reader, slot, answer, source_file=source_file)
                for slot, answer in answers.items()
                for row in [self._own(connection, reader, slot)]
            ]

    def correct(self, reader: str, reading: int, answer: Answer) -> Reading:
        """Append a reader's correction of their own reading, which stays: the new one counts."""
        with ledger.writing(self._engine) as connection:
            old = connection.execute(select(readings).where(readings.c.reading_id == reading)).one_or_none()
            if old is None or old.reader != reader:
                raise DeskRefused("only the reader who gave a reading can correct it")
            if connection.scalar(select(readings.c.reading_id).where(readings.c.corrects == reading)):
                raise DeskRefused("this reading is corrected already: correct the later one")
            row = connection.execute(
                select(worklist).where(
                    *(
                        worklist.c[name] == getattr(old, name)
                        for name in ("force", "crime_reference", "version")
                    ),
                    worklist.c.round == old.round,
                    worklist.c.state.not_in(GONE),
                )
            ).one_or_none()
            if row is None:
                raise DeskRefused("the crime has changed since: it is read again as it is now")
            return self._append(connection, row, old.role, reader, old.slot, answer, corrects=reading)

    def pause(self, reader: str, on: bool) -> None:
        """Begin or end a reader's break; what they hold goes back to the others."""
        with ledger.writing(self._engine) as connection:
            connection.execute(insert(pauses), {"reader": reader, "paused": on, "at": self._moment()})
            if on:
                connection.execute(
                    update(worklist)
                    .where(worklist.c.held_by == reader)
                    .values(held_by=None, held_at=None, held_until=None)
                )

    def progress(self, quarter: str | None = None) -> list[dict[str, Any]]:
        """A row for each quarter and force: items, and how many of them are where."""

        def of(*states: str) -> Any:
            return func.count().filter(worklist.c.state.in_(states))

        statement = (
            select(
                worklist.c.quarter,
                worklist.c.force,
                func.count().filter(worklist.c.state.not_in(GONE)).label("items"),
                of("second", "adjudicator", "settled").label("read"),
                of("adjudicator").label("to_adjudicate"),
                of("settled").label("settled"),
                of("first").label("unread"),
                of("second").label("second_due"),
                of("retired").label("retired"),
            )
            .group_by(worklist.c.quarter, worklist.c.force)
            .order_by(worklist.c.quarter, worklist.c.force)
        )
        if quarter:
            statement = statement.where(worklist.c.quarter == quarter)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    def history(self, item: int) -> dict[str, Any]:
        """All that happened to an item, for lead and auditor: its slots, readings and events in order."""
        with self._engine.connect() as connection:
            found = connection.execute(select(items).where(items.c.item == item)).mappings().one_or_none()
            if found is None:
                raise DeskRefused("there is no such item")
            same = [readings.c[name] == found[name] for name in ("force", "crime_reference", "version")]
            lists = {
                "slots": select(reading_slots)
                .where(reading_slots.c.item == item)
                .order_by(reading_slots.c.slot),
                "readings": select(readings).where(*same).order_by(readings.c.reading_id),
                "events": select(reading_events)
                .where(reading_events.c.item == item)
                .order_by(reading_events.c.event),
            }
            state = connection.scalar(select(worklist.c.state).where(worklist.c.item == item))
            return {
                **found,
                "state": state,
                **{
                    name: [dict(row) for row in connection.execute(statement).mappings()]
                    for name, statement in lists.items()
                },
            }

    def disagreements(self, quarter: str | None = None) -> list[dict[str, Any]]:
        """The items that wait for an adjudicator, and on what their two readers differ; no answer is in it."""
        chosen = worklist.c.state == "adjudicator"
        if quarter:
            chosen = and_(chosen, worklist.c.quarter == quarter)
        with self._engine.connect() as connection:
            by_item = making.standing(connection, chosen)
            return [
                {
                    "item": row.item,
                    "quarter": row.quarter,
                    "force": row.force,
                    "crime_reference": row.crime_reference,
                    "differ_on": differences(by_item[row.item]["first"], by_item[row.item]["second"]),
                }
                for row in connection.execute(select(worklist).where(chosen).order_by(worklist.c.slot))
            ]

    def agreement_counts(self, quarter: str | None = None) -> dict[str, int]:
        """Items read by two, and on how many of them the two agreed, by each of the things they must agree on."""
        chosen = worklist.c.state.in_(("adjudicator", "settled"))
        if quarter:
            chosen = and_(chosen, worklist.c.quarter == quarter)
        with self._engine.connect() as connection:
            pairs = [of for of in making.standing(connection, chosen).values() if set(READER) <= set(of)]
        differing = [differences(of["first"], of["second"]) for of in pairs]
        return {
            "read_by_two": len(pairs),
            "agreed": sum(not names for names in differing),
            **{name: sum(name not in names for names in differing) for name in AGREED},
        }

    def verify_chain(self) -> list[str]:
        """A sentence for each reading that is not as it was written; empty when all are."""
        return chain.verify(self._engine)

    def _moment(self) -> str:
        return _text(self._now())

    def _free_for(self, reader: str, roles: tuple[str, ...]) -> Any:
        """The items with an open slot that this reader may take: nobody else holds it, and they have not read it."""
        same = [
            readings.c[name] == worklist.c[name] for name in ("force", "crime_reference", "version", "round")
        ]
        return and_(
            worklist.c.state.in_(roles),
            or_(
                worklist.c.held_by.is_(None),
                worklist.c.held_by == reader,
                worklist.c.held_until < self._moment(),
            ),
            ~exists().where(readings.c.reader == reader, *same),
        )

    def _held(
        self, connection: Any, reader: str, roles: tuple[str, ...], quarter: str | None = None
    ) -> Slot | None:
        held = select(worklist).where(
            worklist.c.held_by == reader,
            worklist.c.held_until >= self._moment(),
            worklist.c.state.in_(roles),
        )
        if quarter:
            held = held.where(worklist.c.quarter == quarter)
        row = connection.execute(held.order_by(worklist.c.slot).limit(1)).one_or_none()
        return _slot(row) if row else None

    def _own(self, connection: Any, reader: str, slot: int) -> Any:
        row = connection.execute(select(worklist).where(worklist.c.slot == slot)).one_or_none()
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

    def _paused(self, connection: Any, reader: str) -> bool:
        newest = (
            select(pauses.c.paused).where(pauses.c.reader == reader).order_by(pauses.c.pause.desc()).limit(1)
        )
        return bool(connection.scalar(newest))

    def _may_read(self, connection: Any, reader: str) -> None:
        if self._paused(connection, reader):
            raise DeskRefused("you are on a break: end it before reading on")
        if self._read_today(connection, reader) >= self.policy.daily_cap:
            raise DeskRefused(f"today's {self.policy.daily_cap} readings are done: read on tomorrow")

    def _append(
        self, connection: Any, row: Any, role: str, reader: str, slot: int, answer: Answer, **more: Any
    ) -> Reading:
        said = {**asdict(answer), "decided_by": ";".join(answer.decided_by)}
        asked = row.quarter >= self.policy.children_collected_from
        if wrong := problems({**said, "role": role}, asked):
            raise DeskRefused("; ".join(wrong))
        moment = self._moment()
        before = connection.scalar(
            select(func.count()).select_from(readings).where(readings.c.reader == reader)
        )
        (written,) = chain.append(
            connection,
            [
                {
                    **said,
                    **{name: getattr(row, name) for name in ("force", "crime_reference", "version", "round")},
                    "role": role,
                    "reader": reader,
                    "slot": slot,
                    "started_at": row.held_at,
                    "read_at": moment,
                    "imported_at": moment,
                    "codebook": self.policy.codebook,
                    "scheme": "2024" if row.quarter >= "2024-Q1" else "2023",
                    **more,
                }
            ],
        )
        making.settle(
            connection, self.policy, moment, [row.item], new_reader=before < self.policy.new_reader_readings
        )
        state = connection.scalar(select(worklist.c.state).where(worklist.c.item == row.item))
        return Reading(written["reading_id"], slot, written["hash"], state)

    def _case(self, row: Any, answers: tuple[Mapping[str, Any], ...]) -> Case:
        shown = making.read_case(self.home, row.quarter, row.force, row.crime_reference)
        if shown is None or shown["version"] != row.version:
            raise DeskRefused("this case has changed since it was taken: take the next one")
        before = json.loads(shown["before"] or "{}")
        now_there = {name: None if shown[name] is None else str(shown[name]) for name in making.SHOWN}
        return Case(
            slot=row.slot,
            role="adjudicator" if row.state == "adjudicator" else "reader",
            force=row.force,
            quarter=row.quarter,
            crime_reference=row.crime_reference,
            version=row.version,
            fields={name: making.value(name, shown[name]) for name in FIELDS},
            summary=shown["summary"] or "",
            reasons=tuple((shown["reason"] or "").split(";")),
            children_asked=row.quarter >= self.policy.children_collected_from,
            codebook=self.policy.codebook,
            changed={name: making.value(name, was) for name, was in before.items() if was != now_there[name]},
            answers=answers,
        )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _slot(row: Any) -> Slot:
    role = "adjudicator" if row.state == "adjudicator" else "reader"
    return Slot(row.slot, row.item, row.quarter, role, row.held_until)


def _shown(reading: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as an adjudicator sees it: not who gave it."""
    said = {one.name: reading[one.name] for one in fields(Answer)}
    return {**said, "decided_by": tuple((said["decided_by"] or "").split(";")) if said["decided_by"] else ()}
