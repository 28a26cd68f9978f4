"""The cases that readers are shown, copied out of the warehouse after each build, and the worklist made of them.

Readers never open the warehouse: dbt may be writing it. `reading/cases/<quarter>.parquet` holds what a case shows,
readable by the owner alone, for the summary is the one free text that leaves staging.
"""

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, null, select, true, update

from orchestration.home import Home, seed_rows
from orchestration.ledger.tables import gold_slots, items, reading_events, reading_slots, readings, worklist
from orchestration.ledger.transactions import execute_many, insert_many
from orchestration.readings.policy import Policy, drawn, due_reading, read_twice_because, settled_answer
from orchestration.statements import one_file, quoted

# what a case shows beside its summary (dbt_project/models/cocad/cocad_reading_cases.sql has why not more)
FIELDS = (
    "offence_code",
    "offence",
    "recorded_on",
    "reported_on",
    "committed_from",
    "committed_to",
    "location_type",
    "local_authority",
    "suspect_rows",
    "offenders_stated",
    "victims",
    "suspects",
    "linked_crimes",
)
LISTS = ("victims", "suspects", "linked_crimes")
SHOWN = (*FIELDS, "summary")
# all else that is known of a case, as a digest each: no reader sees it, and that it changed is told of a reading
OTHERWISE = ("crime_otherwise", "victims_otherwise", "suspects_otherwise")
GONE = ("replaced", "retired")


@dataclass(frozen=True)
class Synced:
    """How many items each thing happened to."""

    new: int = 0
    carried_forward: int = 0
    changed_elsewhere: int = 0
    requeued: int = 0
    replaced: int = 0
    retired: int = 0
    returned: int = 0


def cases_file(home: Home, quarter: str) -> Path:
    return home.reading / "cases" / f"{quarter}.parquet"


def _arriving(file: Path) -> Path:
    """The cases of the newest build, until the worklist has been made of them."""
    return file.with_suffix(".new")


# the free text joins a case here alone, so that no table above intermediate has it
CASES = """
select
    cases.* exclude ({otherwise}),
    summaries.summary,
    {otherwise},
    sha256(concat_ws(chr(31), {texts})) as details
from warehouse.cocad.cocad_reading_cases as cases
left join warehouse.intermediate.int_summaries as summaries using (force, quarter, crime_reference)
"""

CHANGED_QUARTERS = """
select distinct quarter
from cases
full outer join earlier using (force, quarter, crime_reference)
where cases.details is distinct from earlier.details
    or cases.version is distinct from earlier.version
    or cases.submission is distinct from earlier.submission
    or cases.reason is distinct from earlier.reason
    or {otherwise}
order by quarter
"""

# a field gained something when it was blank and is not, or says more than it did
COMPARED = """
with compared as (
    select
        cases.*,
        earlier.version as earlier_version,
        earlier.before as earlier_before,
        earlier.force is not null as seen,
        [{names}] as names,
        [{was}] as was,
        [{now}] as is_now,
        [{otherwise}] as otherwise
    from cases
    left join earlier using (force, quarter, crime_reference)
    where cases.quarter = {quarter}
)

select
    compared.* exclude (earlier_version, earlier_before, seen, names, was, is_now, otherwise),
    array_to_string(
        list_filter(names, lambda name, n: seen and was[n] is distinct from is_now[n])
        || list_filter(otherwise, lambda name: seen and name is not null),
        ';'
    ) as changed,
    seen and len(list_filter(
        names, lambda name, n: length(coalesce(is_now[n], '')) > length(coalesce(was[n], ''))
    )) > 0 as gained,
    case
        when seen and version <> earlier_version then cast(to_json(map(names, was)) as varchar)
        else earlier_before
    end as before
from compared
order by force, crime_reference
"""


def write_cases(home: Home) -> list[str]:
    """Copy the candidates of the built warehouse into a file a quarter; the quarters whose cases are not as before.

    A quarter that has lost all its candidates is one of them, with an empty file.
    """
    import duckdb

    folder = cases_file(home, "any").parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with duckdb.connect() as connection:
        connection.execute(f"attach {quoted(home.warehouse)} as warehouse (read_only)")
        others = [name for name in SHOWN if name != "linked_crimes"]
        texts = ", ".join(f"coalesce(cast({name} as varchar), '')" for name in others)
        # skipped where there are none: a case without links is what it was before links were shown
        texts += ", linked_crimes"
        cases = CASES.format(texts=texts, otherwise=", ".join(OTHERWISE))
        connection.execute(f"create temp table cases as {cases}")
        connection.execute(f"create temp table earlier as from {_earlier(folder)}")
        connection.execute("detach warehouse")
        differ = CHANGED_QUARTERS.format(otherwise=" or ".join(map(_differs, OTHERWISE)))
        arrived = [quarter for (quarter,) in connection.execute(differ).fetchall()]
        for quarter in arrived:
            _write_quarter(connection, cases_file(home, quarter), quarter)
    return arrived


def _differs(name: str) -> str:
    """Whether what a digest is of has changed; of a case from before there were digests nothing is known."""
    return f"(earlier.{name} <> cases.{name})"


def _write_quarter(connection: Any, file: Path, quarter: str) -> None:
    def each(text: str) -> str:
        return ", ".join(text.format(name=name) for name in SHOWN)

    query = COMPARED.format(
        quarter=f"'{quarter}'",
        names=each("'{name}'"),
        was=each("cast(earlier.{name} as varchar)"),
        now=each("cast(cases.{name} as varchar)"),
        otherwise=", ".join(f"case when {_differs(name)} then '{name}' end" for name in OTHERWISE),
    )
    arriving = _arriving(file)
    arriving.unlink(missing_ok=True)
    os.close(os.open(arriving, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    # a group of 2,048 rows: one case is then read without the quarter's other 50,000
    connection.execute(f"copy ({query}) to {quoted(arriving)} (format parquet, row_group_size 2048)")
    arriving.chmod(0o600)


def _earlier(folder: Path) -> str:
    """The cases that the worklist was last made of: no rows where there are none yet, blank where an older version
    had no such column."""
    names = (
        "force",
        "quarter",
        "crime_reference",
        "version",
        "reason",
        "details",
        "before",
        *SHOWN,
        *OTHERWISE,
    )
    blank = ", ".join(f"cast(null as varchar) as {name}" for name in names)
    none = f"select {blank}, cast(null as integer) as submission where false"
    if not any(folder.glob("*.parquet")):
        return f"({none})"
    there = f"read_parquet({quoted(f'{one_file(folder)}/*.parquet')}, union_by_name = true, hive_partitioning = false)"
    return f"({none} union all by name from {there})"


def arriving_quarters(home: Home) -> list[str]:
    return sorted(file.stem for file in cases_file(home, "any").parent.glob("*.new"))


def sync_quarter(
    connection: Connection, home: Home, policy: Policy, key: str, quarter: str, moment: str
) -> Synced:
    """Make the worklist of a quarter follow the cases that arrived, in a transaction of `ledger.writing`."""
    cases = _cases_that_arrived(home, quarter)
    known = {
        (row.force, row.crime_reference): row
        for row in connection.execute(
            select(worklist).where(worklist.c.quarter == quarter, worklist.c.state.not_in(GONE))
        )
    }
    made = {
        (row.force, row.crime_reference, row.version): row.item
        for row in connection.execute(select(items).where(items.c.quarter == quarter))
    }
    happened: list[tuple[str, int, str | None]] = []  # kind, item, fields
    new, again, seen_again, requeued = [], [], [], {}
    by_item = standing(connection, worklist.c.quarter == quarter) if known else {}
    for case in cases:
        crime = (case["force"], case["crime_reference"])
        now_there = known.pop(crime, None)
        if now_there and now_there.version == case["version"]:
            as_seen = (now_there.submission, now_there.details) == (case["submission"], case["details"])
            if as_seen and not case["changed"]:
                continue
            seen_again.append(
                {"at": now_there.item, "submission": case["submission"], "details": case["details"]}
            )
            if by_role := by_item.get(now_there.item):
                unknown = now_there.state == "settled" and settled_answer(by_role)["criterion"] == "unknown"
                if unknown and case["gained"]:
                    requeued[now_there.item] = ("first", "requeued", now_there.round + 1)
                    kind = "requeued"
                else:
                    changed = case["changed"] or now_there.details != case["details"]
                    kind = "changed_elsewhere" if changed else "carried_forward"
                happened.append((kind, now_there.item, case["changed"] or None))
            continue
        if now_there:
            happened.append(("replaced", now_there.item, case["changed"]))
        if item := made.get((*crime, case["version"])):
            happened.append(("returned", item, case["changed"] or None))
            again.append({"at": item, "submission": case["submission"], "details": case["details"]})
        else:
            new.append(case)
    happened += [("retired", row.item, None) for row in known.values()]
    _record(connection, happened, moment)
    gone = [{"at": item, "to": kind} for kind, item, _ in happened if kind in GONE]
    _change(connection, gone, state="to", slot=None)
    _change(connection, [*seen_again, *again], submission="submission", details="details")
    added = _add(connection, new, quarter, policy, key, moment)
    _open(connection, requeued, moment)
    # an item may have readings before the worklist knows it: those of a ledger from before there was one
    if again or connection.scalar(select(readings.c.reading_id).limit(1)):
        settle(connection, policy, moment, [*added, *(row["at"] for row in again)], quarter)
    counted = {kind: sum(1 for one, _, _ in happened if one == kind) for kind in Synced.__dataclass_fields__}
    return Synced(**counted | {"new": len(added)})


def _cases_that_arrived(home: Home, quarter: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    columns = ["force", "crime_reference", "version", "reason", "submission", "details", "changed", "gained"]
    with pq.ParquetFile(_arriving(cases_file(home, quarter))) as file:
        return file.read(columns=columns).to_pylist()


def _add(
    connection: Connection, cases: list[dict], quarter: str, policy: Policy, key: str, moment: str
) -> list[int]:
    """New items with their first slots; their numbers."""
    if not cases:
        return []
    strata: dict[str, dict[str, dict]] = {}
    for case in cases:
        stratum = f"{quarter}|{case['force']}|{case['reason']}"
        strata.setdefault(stratum, {})[f"{case['crime_reference']}|{case['version']}"] = case
    twice = {
        (case["force"], case["crime_reference"])
        for stratum, of in strata.items()
        for case in map(of.__getitem__, drawn(policy, key, stratum, of))
    }
    first = (connection.scalar(select(func.max(items.c.item))) or 0) + 1
    slots = slot_numbers(connection, len(cases))
    rows = [
        {
            "item": number,
            "force": case["force"],
            "quarter": quarter,
            "crime_reference": case["crime_reference"],
            "version": case["version"],
            "reason": case["reason"],
            "drawn": (case["force"], case["crime_reference"]) in twice,
            "created_at": moment,
            "slot": slots[number - first],
            "role": "first",
            "because": "candidate",
            "opened_at": moment,
            "round": 1,
            "state": "first",
            "submission": case["submission"],
            "details": case["details"],
        }
        for number, case in enumerate(cases, start=first)
    ]
    for table in (items, reading_slots, worklist):
        insert_many(connection, table, rows)
    return list(range(first, first + len(rows)))


def _open(connection: Connection, wanted: Mapping[int, tuple[str, str, int]], moment: str) -> None:
    """Open a slot of each item (role, because, round) and put it on the worklist, held by nobody."""
    if not wanted:
        return
    slots = slot_numbers(connection, len(wanted))
    opened = [
        {"slot": slot, "item": item, "role": role, "round": number, "because": because, "opened_at": moment}
        for slot, (item, (role, because, number)) in zip(slots, wanted.items(), strict=True)
    ]
    insert_many(connection, reading_slots, opened)
    _change(
        connection,
        [
            {"at": row["item"], "to": row["role"], "free": row["slot"], "number": row["round"]}
            for row in opened
        ],
        state="to",
        slot="free",
        round="number",
    )


def slot_numbers(connection: Connection, count: int) -> list[int]:
    """So many numbers of no slot yet, drawn: a reader sees theirs, and numbers in order would tell a second reading,
    or a gold item, from a first."""
    numbers: set[int] = set()
    while len(numbers) < count:
        drawn_now = {secrets.randbelow(2**31 - 1) + 1 for _ in range(count - len(numbers))}
        for table in (reading_slots, gold_slots):
            # one is looked up, thousands are compared with all: a statement takes so many values and no more
            of = table.c.slot.in_(drawn_now) if len(drawn_now) < 100 else true()
            drawn_now -= set(connection.scalars(select(table.c.slot).where(of)))
        numbers |= drawn_now
    return list(numbers)


def _change(connection: Connection, rows: list[dict], **columns: str | None) -> None:
    """Set columns of the worklist from the rows' cells of that name, at the item of their cell `at`; whose slot
    changes loses its holder."""
    if not rows:
        return
    # a bound name may not be a column's own
    values = {name: bindparam(cell) if cell else null() for name, cell in columns.items()}
    if "slot" in columns:
        values |= {"held_by": null(), "held_at": null(), "held_until": null()}
    execute_many(connection, update(worklist).where(worklist.c.item == bindparam("at")).values(values), rows)


def _record(connection: Connection, happened: Iterable[tuple[str, int, str | None]], moment: str) -> None:
    first = (connection.scalar(select(func.max(reading_events.c.event))) or 0) + 1
    rows = [
        {"event": number, "item": item, "kind": kind, "at": moment, "fields": fields}
        for number, (kind, item, fields) in enumerate(happened, start=first)
    ]
    insert_many(connection, reading_events, rows)


def standing(connection: Connection, chosen: Any) -> dict[int, dict[str, Any]]:
    """The readings that count of the items that `chosen`, a condition on the worklist, holds for: by item and role.

    Those are the readings of the item's round that no other corrects.
    """
    corrected = readings.alias()
    found: dict[int, dict[str, Any]] = {}
    statement = (
        select(worklist.c.item, readings)
        .join(
            readings,
            and_(
                *(
                    readings.c[name] == worklist.c[name]
                    for name in ("force", "crime_reference", "version", "round")
                )
            ),
        )
        .where(
            chosen,
            # beside a gold item a reader is measured: it says nothing of the item
            readings.c.role != "gold",
            ~exists().where(corrected.c.corrects == readings.c.reading_id),
        )
    )
    for row in connection.execute(statement).mappings().all():
        found.setdefault(row["item"], {})[row["role"]] = row
    return found


def settle(
    connection: Connection,
    policy: Policy,
    moment: str,
    wanted: Iterable[int],
    quarter: str | None = None,
    new_reader: bool = False,
) -> None:
    """Say anew what is due of these items after something happened to them, opening the slot for it.

    `quarter`, where they are all of one, spares a long list; `new_reader`: the latest reading is by one.
    """
    wanted = set(wanted)
    if not wanted:
        return
    many = quarter and len(wanted) > 500
    chosen = worklist.c.quarter == quarter if many else worklist.c.item.in_(wanted)
    by_item = standing(connection, chosen)
    slots: dict[tuple, Any] = {
        (row.item, row.role, row.round): row
        for row in connection.execute(
            select(reading_slots).join(worklist, worklist.c.item == reading_slots.c.item).where(chosen)
        ).all()
    }
    stands = [worklist.c[name] for name in ("item", "round", "state", "slot")]
    to_open, to_change = {}, []
    for row in connection.execute(
        select(*stands, items.c.drawn).join(items, items.c.item == worklist.c.item).where(chosen)
    ).all():
        if row.item not in wanted:
            continue
        by_role = by_item.get(row.item, {})
        second = slots.get((row.item, "second", row.round))
        twice = second and second.because
        if not twice and len(by_role) == 1:
            (only,) = by_role.values()
            twice = read_twice_because(policy, only, row.drawn, new_reader)
        due = due_reading(by_role, twice)
        role, because = due or ("settled", "")
        slot = slots.get((row.item, role, row.round))
        if due and not slot:
            to_open[row.item] = (role, because, row.round)
        elif (row.state, row.slot) != (role, slot and slot.slot):
            to_change.append({"at": row.item, "to": role, "free": slot and slot.slot})
    _open(connection, to_open, moment)
    _change(connection, to_change, state="to", slot="free")


def accept(home: Home, quarter: str) -> None:
    """The arrived cases of a quarter become those that readers are shown: the worklist has been made of them."""
    file = cases_file(home, quarter)
    _arriving(file).replace(file)


def read_case(home: Home, quarter: str, force: str, crime_reference: str) -> dict[str, Any] | None:
    """One case as the newest accepted build shows it."""
    try:
        written = cases_file(home, quarter).stat()
    except FileNotFoundError:
        return None
    return _read_case(cases_file(home, quarter), written.st_mtime_ns, force, crime_reference)


# a case is shown, shown again with what is wrong, and looked at once more when it is answered; some KB each
@lru_cache(maxsize=128)
def _read_case(file: Path, _written: int, force: str, crime_reference: str) -> dict[str, Any] | None:
    import pyarrow.parquet as pq

    # 7 ms of 40,000 cases, where DuckDB takes 50 to open: a reader's page waits for it
    found = pq.read_table(
        file, filters=[("force", "==", force), ("crime_reference", "==", crime_reference)], partitioning=None
    ).to_pylist()
    return found[0] if found else None


def suspects_of(home: Home, quarter: str) -> dict[tuple[str, str, str], str]:
    """The suspects of every case of a quarter, as JSON, by force, crime reference and version; none where no build has
    made cases of it."""
    import pyarrow.parquet as pq

    file = cases_file(home, quarter)
    if not file.exists():
        return {}
    of = pq.read_table(file, columns=["force", "crime_reference", "version", "suspects"], partitioning=None)
    force, crime, version, suspects = (column.to_pylist() for column in of.columns)
    return dict(zip(zip(force, crime, version, strict=True), suspects, strict=True))


def value(name: str, cell: Any) -> Any:
    """A field as a case shows it: lists as lists, a local authority by name."""
    if name in LISTS:
        return json.loads(cell or "[]")
    return _named(cell) if name == "local_authority" and cell else cell


def _named(code: str) -> str:
    """`Canterbury (E07000106)`; what is in no list says so: anything may have been typed there."""
    name = _authorities().get(code)
    return f"{name} ({code})" if name else f"{code}, which is in no list of authorities"


@cache
def _authorities() -> dict[str, str]:
    return {row["code"]: row["name"] for row in seed_rows("local_authorities.csv")}
