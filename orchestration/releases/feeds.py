"""Feeds: records of a release for a named use, in a schema that stays as it is while its version does.

What a feed holds is rows of `seeds/publication/feed_columns.csv`: a column that is not there is never sent. Crimes
go out under pseudonyms, or, to the force they are of, under its own references.
"""

# ruff: noqa: S608 - names in the SQL are rows of seeds, never a user's

import hashlib
import hmac
import json
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from orchestration import clock, doors, keys
from orchestration.home import SEEDS, Home, seed_rows
from orchestration.ledger import log
from orchestration.quarters import in_period
from orchestration.releases import openlineage, singling_out
from orchestration.releases.package import FORBIDDEN, file_hash, write_json
from orchestration.releases.verify import as_published
from orchestration.returns.receipts import RETURNED
from orchestration.spreadsheets import copy_csv
from orchestration.statements import Connection, one_file, quoted
from orchestration.stopping import NotThere
from orchestration.warehouse.attached import open_warehouse

TABLES = singling_out.FACTS
# gives the crime, or the person, to whoever has the force's system
REFERENCES = {
    "own_reference",
    "crime_reference",
    "victim_reference",
    "suspect_reference",
    "incident_reference",
}
PSEUDONYM = "pseudonym"
BUILDING = ".building-"
LINKS = "links"
# of the force's own feed: records of the release with what the warehouse has of their days
WITH_DAYS = {"crimes": "crimes_with_days", "suspects": "suspects_with_days"}
# the tables of the warehouse that have them, and what names a record there
DAYS_OF = {
    "crimes": ("cpai.cpai_crimes", "force, quarter, crime_reference"),
    "suspects": ("cpai.cpai_arrest_days", "force, quarter, crime_reference, suspect_number"),
}
AS_SENT = "intermediate.int_references_as_sent"


class NotAsAgreed(RuntimeError):
    """What was written is not what the feed's contract has, or may not be; nothing of it is left."""


@dataclass(frozen=True)
class Contract:
    """A feed's row of `feeds.csv`; `columns`: by table the rows of `feed_columns.csv`, in order."""

    feed: str
    version: str
    pseudonymised: bool
    of_one_force: bool
    purpose: str
    recipient: str
    columns: dict[str, list[dict[str, str]]]

    @property
    def reads_warehouse(self) -> bool:
        """Whether it keeps what no release has: days and local authorities."""
        return self.of_one_force and bool(singling_out.treated(self.feed, singling_out.KEEP))


@dataclass(frozen=True)
class Written:
    """A feed as written; `manifest` is the document in its manifest.json."""

    folder: Path
    manifest: dict


def names(seeds: Path = SEEDS) -> list[str]:
    return [row["feed"] for row in seed_rows("publication/feeds.csv", seeds)]


def contract(feed: str, seeds: Path = SEEDS) -> Contract:
    """The contract of `feed`; LookupError when there is none, NotAsAgreed when it asks for what may not go out."""
    row = next((row for row in seed_rows("publication/feeds.csv", seeds) if row["feed"] == feed), None)
    if row is None:
        raise LookupError(f"no feed {feed!r}; there are: {', '.join(names(seeds))}")
    columns = [one for one in seed_rows("publication/feed_columns.csv", seeds) if one["feed"] == feed]
    found = Contract(
        feed,
        row["version"],
        row["pseudonymised"] == "Y",
        row["of_one_force"] == "Y",
        row["purpose"],
        row["recipient"],
        {table: [one for one in columns if one["table"] == table] for table in TABLES},
    )
    never = FORBIDDEN | (REFERENCES | _in_no_release() if found.pseudonymised else set())
    for one in columns:
        if {one["column"], *_words(one["source"])} & never:
            raise NotAsAgreed(
                f"{feed}: column {one['column']} may not go out; take it out of feed_columns.csv"
            )
    return found


def _in_no_release() -> set[str]:
    return {column for _, column in singling_out.treated(singling_out.RELEASE, *singling_out.NOT_THERE)}


def _words(source: str) -> list[str]:
    return source.replace("(", " ").replace(")", " ").replace(",", " ").split()


def write(
    home: Home,
    feed: str,
    period: str,
    into: Path,
    force: str | None = None,
    release: str | None = None,
    seeds: Path = SEEDS,
    previous_key: bool = False,
) -> Written:
    """Write `feed` of `period` (`2023`, `2023-Q1`) from `release`, else the live one, into a new folder in `into`.

    Each table is a Parquet and a CSV file; `manifest.json` has rows, SHA-256, schema and its version. `force` is asked of
    a feed of one force, and of no other. `previous_key`: under the pseudonyms of before the key was changed, for who still
    has a feed with those. LookupError when there is no such feed, force or period in the release,
    NoRelease when no such release, FileExistsError when the folder is there already, NotAsAgreed.
    """
    agreed = contract(feed, seeds)
    if agreed.of_one_force != (force is not None):
        raise LookupError(
            f"{feed} is of one force: name it (--force kent)"
            if agreed.of_one_force
            else f"{feed} is of all forces: leave --force out"
        )
    if previous_key and not agreed.pseudonymised:
        raise LookupError(f"{feed} has no pseudonyms: leave --key out")
    key = keys.previous(home) if previous_key else keys.kept(home)[0]
    head = as_published(home, release, "marts.duckdb")
    release = head["release"]
    quarters = in_period(period)
    if missing := sorted(set(quarters) - set(in_period(head["period"]))):
        raise LookupError(
            f"{release} is of {head['period']} and has no {missing[0]}: name another (--release)"
        )
    of_key = f"key-{key.check}" if previous_key else None
    name = "_".join(part for part in (feed, f"v{agreed.version}", force, period, release, of_key) if part)
    folder, building = into / name, into / f"{BUILDING}{name}"
    if folder.exists():
        raise FileExistsError(
            f"{folder} is there already: a feed is written once; move it away or name another folder"
        )
    shutil.rmtree(building, ignore_errors=True)
    was_there = into.exists()
    building.mkdir(parents=True)
    try:
        manifest = _fill(home, agreed, key, head, period, force, building)
        _note(home, manifest, building)
        building.rename(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        if not was_there:
            with suppress(OSError):  # another feed may be in it by now
                into.rmdir()
        raise
    return Written(folder, manifest)


def _note(home: Home, manifest: dict, folder: Path) -> None:
    about = {name: manifest[name] for name in ("feed", "period", "force", "release")}
    about |= {"key": manifest["pseudonyms_of_key"], "files": [file_hash(folder / "manifest.json")]}
    log.note(home, "disclosure", "feed written", about, manifest["recipient"])


def _fill(
    home: Home, agreed: Contract, home_key: keys.Key, head: dict, period: str, force: str | None, folder: Path
) -> dict:
    purpose = f"pseudonyms of {agreed.feed}"
    key = home_key.of(purpose)
    with _opened(home, agreed) as connection:
        file = home.releases / head["release"] / "marts.duckdb"
        connection.execute(f"attach {quoted(file)} as release (read_only)")
        connection.execute("use release")
        if force and not connection.execute("select 1 from dim_force where force = ?", [force]).fetchone():
            raise LookupError(f"no force {force!r}; write its slug, as kent")
        as_sent = _as_sent(connection, force) if agreed.reads_warehouse else {}
        _pseudonyms(connection, "wanted", key, in_period(period), force, as_sent)
        if agreed.pseudonymised and (before := keys.overlapping(home)):
            _pseudonyms(connection, "under_key_before", before.of(purpose), in_period(period), force)
            _pseudonyms(connection, "under_key_of_now", keys.of(home, purpose), in_period(period), force)
            _link(connection, home.root / LINKS / f"{folder.name.removeprefix(BUILDING)}.parquet")
        if agreed.reads_warehouse:
            _with_days(connection, agreed, head, force)
        tables = {table: _write_table(connection, agreed, table, folder) for table in TABLES}
        _check(connection, agreed, folder, tables)
        alike = singling_out.measure(
            connection,
            {table: f"temp.{table}" for table in TABLES},
            [_crime(agreed)],
            ["force"] if force else [],
        )
        status = connection.execute(
            "select distinct status from figures where breakdown = 'criterion' and place_type = 'national' "
            "and period = ? order by all",
            [period],
        ).fetchall()
    at = clock.now().isoformat()
    _lineage(agreed, head, period, tables, folder, at)
    manifest = {
        "feed": agreed.feed,
        "schema_version": agreed.version,
        "purpose": agreed.purpose,
        "recipient": force or agreed.recipient,
        "period": period,
        "force": force,
        "release": head["release"],
        "release_status": head.get("status"),
        "release_fingerprint": head["fingerprint"],
        # how far readers agree on it: withheld in the figures, a criterion is no fact in the records either
        "criterion_status": [word for (word,) in status],
        "made_up_data": head["made_up_data"],
        "written_at": at,
        "written_by": dict(zip(("door", "who"), doors.by(), strict=True)),
        "pseudonyms_of_key": _which(key) if agreed.pseudonymised else None,
        "tables": tables,
        # unique and below k on what somebody may know (identifying_sets.csv), as written
        "singling_out": alike,
        "files": [
            {"path": path.name, "bytes": path.stat().st_size, "sha256": file_hash(path)}
            for path in sorted(folder.iterdir())
        ],
    }
    write_json(folder / "manifest.json", manifest)
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def _lineage(
    agreed: Contract, head: dict, period: str, tables: dict[str, dict], folder: Path, at: str
) -> None:
    """The event of this feed: tables of the release, and of the warehouse for a force's days, to its files."""
    # what is read of figures says how far readers agree
    inputs = [openlineage.released(head, f"marts.{table}") for table in (*TABLES.values(), "figures")]
    if agreed.reads_warehouse:
        inputs += [
            openlineage.of_warehouse(table) for table in (*(of for of, _ in DAYS_OF.values()), AS_SENT)
        ]
    name = folder.name.removeprefix(BUILDING)
    outputs = [
        openlineage.made(f"feeds/{name}/{file.name}", file, tables[file.stem])
        for file in sorted(folder.iterdir())
    ]
    about = openlineage.documented(agreed.purpose)
    step = openlineage.Step(f"feed.{agreed.feed}", at, inputs, outputs, ("BATCH", "FEED"), about)
    openlineage.write_later(folder, head, period, [step])


def _which(key: bytes) -> str:
    """Differs between two keys, and does not give the key away."""
    return hmac.new(key, b"which key", hashlib.sha256).hexdigest()[:12]


def crime_of(home: Home, manifest: dict, row: Mapping[str, str]) -> tuple[str, str]:
    """Force and reference of the crime that a row of a feed is of, by the home's key. Raises NotThere."""
    import duckdb

    agreed = contract(manifest["feed"])
    name = row[_crime(agreed)]
    if not agreed.pseudonymised:
        return manifest["force"], name
    purpose = f"pseudonyms of {agreed.feed}"
    key = next(
        (of for one in keys.kept(home) if _which(of := one.of(purpose)) == manifest["pseudonyms_of_key"]),
        None,
    )
    if key is None:
        raise NotThere(f"the pseudonyms of this {agreed.feed} are of a key that {home.root} does not have")
    release = as_published(home, manifest["release"], "marts.duckdb")["release"]
    with duckdb.connect(str(home.releases / release / "marts.duckdb"), read_only=True) as connection:
        _pseudonyms(connection, "wanted", key, in_period(manifest["period"]), manifest["force"])
        found = connection.execute(
            "select force, crime_reference from wanted where pseudonym = ?", [name]
        ).fetchone()
    if not found:
        raise NotThere(f"{release} has no crime of that pseudonym: it is of another feed, or was erased")
    return found


def _opened(home: Home, agreed: Contract) -> AbstractContextManager[Connection]:
    import duckdb

    return open_warehouse(home) if agreed.reads_warehouse else duckdb.connect()


def _with_days(connection: Connection, agreed: Contract, head: dict, force: str | None) -> None:
    """Temp tables of the release's crimes and suspects with the days and local authorities that the warehouse has of them.

    Raises NotAsAgreed where it has other records of the force by now: those of the release have no days any more.
    """
    then = {row["quarter"]: row["submission"] for row in head["submissions"] if row["force"] == force}
    now = dict(
        connection.execute(
            "select quarter, max(submission) from warehouse.quality.returns "
            "where force = ? and status in (select unnest(?)) group by quarter",
            [force, list(RETURNED)],
        ).fetchall()
    )
    of_records = connection.execute("select distinct quarter from wanted order by quarter").fetchall()
    other = [quarter for (quarter,) in of_records if then.get(quarter) != now.get(quarter)]
    for table, (source, key) in DAYS_OF.items():
        facts = f"(from {TABLES[table]} semi join wanted using (force, quarter, crime_reference))"
        days = f"(from warehouse.{source} semi join wanted using (force, quarter, crime_reference))"
        kept = [name for of, name in singling_out.treated(agreed.feed, singling_out.KEEP) if of == table]
        connection.execute(
            f"create temp table {WITH_DAYS[table]} as "
            f"select facts.*, {', '.join(f'days.{name}' for name in sorted(kept))} "
            f"from {facts} as facts inner join {days} as days using ({key})"
        )
        # an erased person leaves a gap in the release's numbers, and none in the warehouse's
        unlike = connection.execute(
            f"select distinct quarter from (from {facts} anti join {days} as days using ({key})) union "
            f"select distinct quarter from (from {days} anti join {facts} as facts using ({key}))"
        ).fetchall()
        other += [quarter for (quarter,) in unlike]
    if other:
        raise NotAsAgreed(
            f"{agreed.feed}: the warehouse has other records of {force} {min(other)} than {head['release']}, and their days "
            f"are only there: publish again (cpai publish {head['period']}), then write the feed"
        )


def _link(connection: Connection, file: Path) -> None:
    """Which pseudonym of the key before is which of the key of now. It stays in the home: who had both feeds and this
    could follow each crime, which the change of key was to end."""
    file.parent.mkdir(exist_ok=True)
    aside = file.with_name(f".{file.name}")
    connection.execute(
        f"""
        copy (
            select before.pseudonym as under_key_before, now.pseudonym as under_key_of_now
            from under_key_before as before
            inner join under_key_of_now as now using (force, quarter, crime_reference)
            order by all
        ) to {quoted(aside)} (format parquet)
        """
    )
    aside.replace(file)


def _as_sent(connection: Connection, force: str | None) -> dict[str, str]:
    """Token -> what a force sent in place of a crime reference: for that force alone."""
    return dict(
        connection.execute(
            f"select crime_reference, as_sent from warehouse.{AS_SENT} where force = ?",
            [force],
        ).fetchall()
    )


def _pseudonyms(
    connection: Connection,
    table: str,
    key: bytes,
    quarters: list[str],
    force: str | None,
    as_sent: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Temp table of the crimes that go out, each with its pseudonym and, as the force wrote it, its reference.

    HMAC-SHA256 (RFC 2104) in SQL: in Python the 5.8 million crimes of a large year would take a minute.
    """
    block = key.ljust(64, b"\0")
    connection.execute(
        f"""
        create temp table {table} as
        select
            force,
            quarter,
            crime_reference,
            coalesce(names.as_sent, crime_reference) as own_reference,
            sha256($outer::blob || unhex(sha256($inner::blob || encode(force || chr(10) || crime_reference)))) as pseudonym
        from fct_crimes
        left join (select unnest($tokens) as token, unnest($sent) as as_sent) as names on names.token = crime_reference
        where quarter in (select unnest($quarters)) and ($force is null or force = $force)
        """,
        {
            "outer": bytes(byte ^ 0x5C for byte in block),
            "inner": bytes(byte ^ 0x36 for byte in block),
            "quarters": quarters,
            "force": force,
            "tokens": list(as_sent),
            "sent": list(as_sent.values()),
        },
    )


def _write_table(connection: Connection, agreed: Contract, table: str, folder: Path) -> dict:
    columns = ", ".join(
        f'cast({_coarsened(agreed.feed, table, one)} as {one["type"]}) as "{one["column"]}"'
        for one in agreed.columns[table]
    )
    # by pseudonym: the order of the release would give away which crime is which
    order = [agreed.columns[table][0]["source"], *([] if table == "crimes" else [f"{table[:-1]}_number"])]
    connection.execute(
        f"""
        create temp table {table} as
        select {columns}
        from {WITH_DAYS.get(table, TABLES[table]) if agreed.reads_warehouse else TABLES[table]}
        inner join wanted using (force, quarter, crime_reference)
        order by {", ".join(order)}
        """
    )
    parquet = quoted(folder / f"{table}.parquet")
    connection.execute(f"copy {table} to {parquet} (format parquet, compression zstd)")
    copy_csv(connection, f"select * from {table}", folder / f"{table}.csv")
    (rows,) = connection.execute(f"select count(*) from {table}").fetchone()
    return {
        "rows": rows,
        "schema": [
            {name: one[name] for name in ("column", "type", "meaning")} for one in agreed.columns[table]
        ],
    }


def _crime(agreed: Contract) -> str:
    """The column by which persons are on crimes."""
    return agreed.columns["crimes"][0]["column"]


def _coarsened(feed: str, table: str, column: dict[str, str]) -> str:
    """What the feed has of a column: its source, or that with rare values merged (`coarsening.csv`)."""
    is_rare = (table, column["column"]) in singling_out.treated(feed, singling_out.MERGE)
    return singling_out.merged(column["source"]) if is_rare else column["source"]


def _check(connection: Connection, agreed: Contract, folder: Path, tables: dict[str, dict]) -> None:
    """The files against the contract and the release: columns and types, every record once, persons on their crimes."""
    problems = []
    crime = _crime(agreed)
    for table, written in tables.items():
        wanted = [(one["column"], one["type"]) for one in written["schema"]]
        file = folder / f"{table}.parquet"
        described = connection.execute(
            "describe from read_parquet(?, hive_partitioning = false)", [one_file(file)]
        ).fetchall()
        if [(row[0], row[1].lower()) for row in described] != wanted:
            problems.append(f"{table}.parquet has other columns than the contract")
        with (folder / f"{table}.csv").open(encoding="utf-8") as text:
            if text.readline().strip().split(",") != [column for column, _ in wanted]:
                problems.append(f"{table}.csv has other columns than the contract")
        (due,) = connection.execute(
            f"select count(*) from {TABLES[table]} semi join wanted using (force, quarter, crime_reference)"
        ).fetchone()
        if due != written["rows"]:
            problems.append(f"{table} has {written['rows']} rows, the release {due}")
        (lost,) = connection.execute(
            f"select count(*) from {table} anti join crimes using ({crime})"
        ).fetchone()
        if lost:
            problems.append(f"{lost} {table} are on no crime of the feed")
    (crimes,) = connection.execute(f"select count(distinct {crime}) from crimes").fetchone()
    if crimes != tables["crimes"]["rows"]:
        problems.append("two crimes have one name")
    if problems:
        raise NotAsAgreed(f"{agreed.feed}: {'; '.join(problems)}. Nothing was written")
