"""The order of an erasure: what is found is shown, what was shown is written down, then it goes, place by place.

Every step can be done twice, and each place is searched by marks, so that a run that is cut off anywhere is finished by the
same command, or by `again`. What shows others where the reference stands goes last: copies and texts first, then releases,
the ledger, raw and the archive; then the warehouse and what is made of it are made again without it.
"""

import shutil
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from orchestration import doors, keys
from orchestration.erasure import answers, elsewhere, published, target
from orchestration.erasure.target import Decision, ErasureRefused, Plan, Target
from orchestration.home import Home, seed_rows
from orchestration.ledger import erasures, evidence, log, snapshots
from orchestration.ledger.erasures import ARCHIVE, Marks
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_submission_files, read_submissions
from orchestration.ledger.tables import submission_files, submission_folders
from orchestration.ledger.transactions import now, writing
from orchestration.progress import at
from orchestration.releases import verify
from orchestration.returns import archive, erased, intake, raw
from orchestration.returns.erased import PERSONS, Row
from orchestration.turns import turn
from orchestration.warehouse.attached import open_warehouse

BUILT_AGAIN = "warehouse and cases of readers, built again"
REMARK = "its content was erased on {day}, by authority of {authority}."


@contextmanager
def _alone(home: Home) -> Any:
    with turn(home), intake.alone(home):
        yield


# finding ---------------------------------------------------------------------------------------------------------------


class _Search:
    """Where a target is, in one home as it is now."""

    def __init__(self, home: Home, engine: Engine, of: Target, kept: dict[str, Any] | None = None) -> None:
        self.home, self.engine, self.of = home, engine, of
        self.marks = Marks(home)
        self.kept = kept or {}
        self._references: set[str] | None = None

    def in_raw(self) -> list[erased.Found]:
        if not self.of.of_records:
            return []
        return list(erased.find(self.home, self.engine, self.marks, self.of.wanted(self.marks)))

    def is_of(self, force: str, reference: str) -> bool:
        """Whether a crime is the target's, or, of a submission, one of those that were in no other."""
        mark = self.marks.of("crime", force, reference)
        if self.of.kind == "submission":
            return mark in set(self.kept.get("crimes", ()))
        return mark == self.of.marks(self.marks)[1]

    def references(self) -> set[str]:
        """The crime's reference, as it is written anywhere; asked once, before any of it goes."""
        if self._references is None:
            self._references = self._written() if self.of.of_records else set()
        return self._references

    def _written(self) -> set[str]:
        found = {self.of.crime_reference} if self.of.crime_reference else set()
        for one in self.in_raw():
            found |= one.references
        with self.engine.connect() as connection:
            found |= answers.references(connection, str(self.of.force), self.is_of)
        if not self.of.crime_reference:
            found |= self._in_releases()
        return found

    def _in_releases(self) -> set[str]:
        import duckdb

        found: set[str] = set()
        for release in verify.release_names(self.home):
            with duckdb.connect(
                str(self.home.releases / release / "marts.duckdb"), read_only=True
            ) as connection:
                rows = connection.execute(
                    "select distinct crime_reference from fct_crimes where force = ?", [self.of.force]
                ).fetchall()
            found |= {one for (one,) in rows if self.is_of(str(self.of.force), one)}
        return found

    def in_ledger(self) -> set[str]:
        with self.engine.connect() as connection:
            return answers.references(connection, str(self.of.force), self.is_of) if self.of.force else set()

    def rows_of(self, release: str, persons: dict[str, Any]) -> published.Rows:
        of = self.of
        if not of.of_records and not self._is_in(release):
            return published.Rows(release)
        return published.find(self.home, release, of, self.marks, persons)

    def _is_in(self, release: str) -> bool:
        """Whether a release was made of the submission."""
        key = (self.of.force, self.of.quarter, self.of.submission)
        rows = verify.manifest_of(self.home, release)["submissions"]
        return key in {(row["force"], row["quarter"], row["submission"]) for row in rows}


def plan(home: Home, of: Target) -> Plan:
    """What would go, and how many things in each place. Nothing is changed. Raises ErasureRefused where there is nothing
    or where it cannot be told what is whose."""
    with _alone(home):
        return _planned(home, of)


def _planned(home: Home, of: Target) -> Plan:
    with ledger_of(home) as engine:
        search = _Search(home, engine, of)
        made = _plan_bytes(search) if not of.of_records else _plan_records(search)
        if not made.places.keys() - _made_again(home, of).keys():
            raise ErasureRefused(
                "nothing of it is in this home: look at the force, and write the reference as the force does"
                if of.of_records
                else "nothing of it is in this home: it may have been erased before (cpai erase list)"
            )
        return made


def _plan_records(search: _Search) -> Plan:
    home, engine, of = search.home, search.engine, search.of
    found = search.in_raw()
    references = search.references()
    words = elsewhere.words(home, str(of.force), references)
    hit = [one for one in found if one.counts]
    files, unseen = _refused_with(search, words)
    originals = erased.originals(engine, [one.row for one in found])
    persons = _numbers(search)
    releases = {name: search.rows_of(name, persons) for name in verify.release_names(home)}
    copies = elsewhere.copies(home, words)
    with engine.connect() as connection:
        ledger = answers.count(connection, str(of.force), references, of.kind == "crime")
    places = {
        **{f"raw: {kind}": sum(one.counts.get(kind, 0) for one in hit) for kind in raw.RECORD_TYPES},
        "raw: cells of other records": sum(one.cells for one in found),
        "archive: originals that held it": len(originals) + len(files),
        "landing: files": len(_landed(home, {**originals, **files})),
        **{f"ledger: {what}": many for what, many in ledger.items()},
        **{f"release {name}: rows": rows.total for name, rows in releases.items()},
        **{f"release {name}: texts": len(published.texts(home, name, words)) for name in releases},
        **_made_again(home, of),
        "copies and feeds in the home": len(copies),
        "messages of the outbox": elsewhere.messages(home, words),
        "Dagster's record of runs": int(elsewhere.logged(home, words)),
    }
    kept = {
        "submissions": sorted(_key(one.row) for one in found),
        "files": dict(sorted(files.items())),
        "persons": persons,
    }
    shown = tuple(str(path.relative_to(home.root)) for path in copies)
    return Plan(of, _filled(places), kept, shown, tuple([*unseen, *_warnings(of, references)]))


def _filled(places: dict[str, int]) -> dict[str, int]:
    return {place: many for place, many in places.items() if many}


def _key(row: Row) -> list[Any]:
    return [row["force"], row["quarter"], row["submission"]]


def _warnings(of: Target, references: set[str]) -> list[str]:
    gold = [row for row in seed_rows("gold_items.csv") if row["force"] == of.force]
    warned = [
        "seeds/gold_items.csv names the crime: take the row out; the seed's history is the repository's"
        for row in gold
        if row["crime_reference"] in references
    ]
    if any(len(one) < elsewhere.SHORTEST for one in references):
        warned.append(
            "the reference is too short to be looked for in copies and texts: look through them by hand"
        )
    return warned


def _numbers(search: _Search) -> dict[str, Any]:
    if search.of.kind not in PERSONS:
        return {}
    if not search.home.warehouse.exists():
        return published.numbers(search.home, search.of, search.marks, None)
    with open_warehouse(search.home) as connection:
        return published.numbers(search.home, search.of, search.marks, connection)


def _refused_with(search: _Search, words: elsewhere.Words) -> tuple[dict[str, int], list[str]]:
    """SHA-256 -> bytes of archived files that hold the reference and were read as no submission: refused ones of the force,
    and those that came in a folder of no force; and a sentence for those that cannot be looked into."""
    gone = erasures.gone(search.engine, ARCHIVE)
    with search.engine.connect() as connection:
        rows = connection.execute(submission_files.select()).all()
    status = {tuple(_key(row)): row["status"] for row in read_submissions(search.engine)}
    known = {row.sha256 for row in rows}
    refused = {
        row.sha256
        for row in rows
        if row.force == search.of.force and status[row.force, row.quarter, row.submission] == "refused"
    }
    accepted = {row.sha256 for row in rows if status[row.force, row.quarter, row.submission] != "refused"}
    raw_hashes = {
        sha256 for files in erased.read_raw_files(search.engine).values() for sha256 in files.values()
    }
    found, unseen = {}, []
    for path in sorted(search.home.archive.glob("??/*")):
        sha256 = path.name
        nobodys = sha256 not in known and sha256 not in raw_hashes
        if sha256 in gone or sha256 in accepted or not (sha256 in refused or nobodys):
            continue
        try:
            if words and words.in_file(path):
                found[sha256] = path.stat().st_size
        except elsewhere.CannotLook:
            unseen.append(
                f"archive/{path.parent.name}/{sha256} cannot be looked into: if it holds the record, erase it too "
                f"(cpai erase file {sha256[:12]}...)"
            )
    return found, unseen


def _landed(home: Home, files: dict[str, int]) -> list[Path]:
    return [path for path in erased.landed(home, set(files.values())) if archive.digest(path)[0] in files]


def _made_again(home: Home, of: Target) -> dict[str, int]:
    """What is made of the rest: removed, and made again where that is a command's work."""
    return {
        "packs of the force, removed": len(_packs(home, of)),
        "warehouses as of a moment or damaged, removed": len(_other_warehouses(home)),
        BUILT_AGAIN: int(home.warehouse.exists()),
    }


def _packs(home: Home, of: Target) -> list[Path]:
    return sorted((home.root / "packs").glob(f"*/{of.force}.*")) if of.force else []


def _other_warehouses(home: Home) -> list[Path]:
    return sorted([*(home.root / "as_of").glob("*"), *home.damaged.glob("*")])


def _plan_bytes(search: _Search) -> Plan:
    """A submission, or bytes that may be of none."""
    home, engine, of = search.home, search.engine, search.of
    row = _submission(engine, of) if of.kind == "submission" else None
    files, warnings = _files(search, row)
    kept: dict[str, Any] = {"submissions": [_key(row)] if row else [], "files": files}
    records = _records(row) if row and row["status"] == "accepted" else {}
    places = {
        "archive: originals": sum(archive.place(home.archive, sha256).exists() for sha256 in files),
        "landing: files": len(_landed(home, files)),
    }
    if row:
        kept["crimes"] = _crimes_of_it_alone(search, row) if records else []
        search.kept = kept
        with engine.connect() as connection:
            ledger = answers.count(connection, row["force"], search.in_ledger(), whole=True)
        places |= {
            **{f"raw: {kind}": many for kind, many in records.items()},
            "ledger: the receipt's reasons and names of files": 1,
            **{f"ledger: {what}": many for what, many in ledger.items()},
            **{
                f"release {name}: rows": search.rows_of(name, {}).total for name in verify.release_names(home)
            },
            **(_made_again(home, of) if records else {}),
            "messages of the outbox": elsewhere.messages(home, _said(home, row)),
            "Dagster's record of runs": int(elsewhere.logged(home, _said(home, row))),
        }
    return Plan(of, _filled(places), kept, (), tuple(warnings))


def _submission(engine: Engine, of: Target) -> Row:
    for row in read_submissions(engine, of.quarter):
        if (row["force"], row["submission"]) == (of.force, of.submission):
            return row
    raise ErasureRefused(
        f"there is no submission {of.submission} of {of.force} for {of.quarter}: see cpai status"
    )


def _files(search: _Search, row: Row | None) -> tuple[dict[str, int], list[str]]:
    """SHA-256 -> bytes of what goes; what another submission has, too, stays, and is named."""
    engine, home = search.engine, search.home
    if row is None:
        files = {sha256: archive.place(home.archive, sha256) for sha256 in search.of.files}
        held = erased.sharing(engine, set(files))
        if held:
            named = ", ".join(f"{one['force']} {one['quarter']} {one['submission']}" for one in held)
            raise ErasureRefused(
                f"these bytes are of submissions ({named}): erase those (cpai erase submission)"
            )
        return {sha256: path.stat().st_size for sha256, path in files.items() if path.exists()}, []
    files = erased.originals(engine, [row])
    others = [one for one in erased.sharing(engine, set(files)) if _key(one) != _key(row)]
    shared: set[str] = set()
    warnings = []
    for one in others:
        if one["reasons"][:1] == ["erased"]:
            continue
        theirs = set(erased.originals(engine, [one]))
        if common := theirs & set(files):
            shared |= common
            warnings.append(
                f"{len(common)} of its files are those of {one['force']} {one['quarter']} submission {one['submission']}, too, "
                "and stay: erase that as well"
            )
    gone = erasures.gone(engine, ARCHIVE)
    return {
        sha256: size for sha256, size in files.items() if sha256 not in shared and sha256 not in gone
    }, warnings


def _records(row: Row) -> dict[str, int]:
    return {kind: row[kind] for kind in raw.RECORD_TYPES}


def _references_in(home: Home, row: Row) -> set[str]:
    import pyarrow.parquet as pq

    file = raw.records_file(home, "crimes", row["quarter"], row["force"], row["submission"])
    table = pq.read_table(file, columns=["crime_reference"], partitioning=None)
    return {one for one in table["crime_reference"].to_pylist() if one}


def _crimes_of_it_alone(search: _Search, row: Row) -> list[str]:
    """The marks of the crimes that no other accepted submission of the force has: their readings go with it."""
    others = [
        one
        for one in read_submissions(search.engine)
        if one["force"] == row["force"] and one["status"] == "accepted" and _key(one) != _key(row)
    ]
    alone = _references_in(search.home, row)
    for one in others:
        alone -= _references_in(search.home, one)
    return sorted(search.marks.of("crime", row["force"], one) for one in alone)


def _said(home: Home, row: Row) -> elsewhere.Words:
    """What is said of a submission elsewhere, and may name somebody: its reasons and the names of its files."""
    if row["reasons"][:1] == ["erased"]:
        return elsewhere.Words(())
    with ledger_of(home) as engine:
        names = read_submission_files(engine, row["quarter"]).get((row["force"], row["submission"]), {})
    return elsewhere.Words({*row["reasons"], *(name for name in names if len(name) > elsewhere.SHORTEST)})


# doing -----------------------------------------------------------------------------------------------------------------


def erase(home: Home, of: Target, decision: Decision, confirmed: str) -> dict[str, int]:
    """Erase what a dry run of the same target showed; how many things went in each place. `confirmed`: its digest."""
    decision.check(of)
    with _alone(home):
        with ledger_of(home) as engine:
            marks = Marks(home)
            unfinished = [row for row in erasures.read(engine) if not row["ended_at"]]
        mine = next((row for row in unfinished if row["mark"] == of.marks(marks)[0]), None)
        if mine is None:
            made = _planned(home, of)
            if made.digest(marks) != confirmed:
                raise ErasureRefused(
                    f"what would go is not what was shown: --confirm {confirmed} is of another dry run; look at it again without "
                    "--confirm, and give the digest that it ends with"
                )
            mine = _begin(home, made, marks, decision, confirmed)
        return _finish(home, mine, of)


def _begin(home: Home, made: Plan, marks: Marks, decision: Decision, confirmed: str) -> Row:
    of = made.target
    mark, crime_mark = of.marks(marks)
    _, who = doors.by()
    # marks of another key recognise nothing, and a register may come to a home that has one
    kept = made.as_kept | {"key": keys.first(home).check}
    row = {
        "identity": str(uuid.uuid4()),
        "at": now(),
        "who": who,
        "authority": decision.authority,
        "reason": decision.reason,
        "text": decision.text,
        "kind": of.kind,
        "force": of.force,
        "quarter": of.quarter,
        "submission": of.submission,
        "mark": mark,
        "crime_mark": crime_mark,
        "plan": erasures.as_text(kept),
        "digest": confirmed,
    }
    with ledger_of(home) as engine, writing(engine) as connection:
        written = erasures.begin(home, connection, row)
        concerns = {"force": of.force, "quarter": of.quarter, "submission": of.submission, "record": mark}
        log.note(
            connection,
            "erasure",
            f"erasure {written['erasure']}: {of.kind}",
            concerns,
            reason=decision.reason,
        )
    return {**written, "plan": kept, "ended_at": None}


def _finish(home: Home, erasure: Row, of: Target) -> dict[str, int]:
    if erasure["plan"]["key"] != keys.first(home).check:
        raise keys.KeyLost(
            f"erasure {erasure['erasure']} was marked with another key, and nothing would be recognised: {keys.restored(home)}"
        )
    with ledger_of(home) as engine:
        search = _Search(home, engine, of, erasure["plan"])
        for step in (_copies, _releases, _ledger, _received, _made_of_it):
            step(search, erasure)
        at("writing the ledger's file anew")
        erasures.leave_nothing(engine)
        with writing(engine) as connection:
            erasures.end(connection, erasure["erasure"], erasure["plan"]["places"])
    return erasure["plan"]["places"]


def _copies(search: _Search, _erasure: Row) -> None:
    at("copies, messages and logs")
    home, of = search.home, search.of
    if of.of_records:
        words = elsewhere.words(home, str(of.force), search.references())
        copies = elsewhere.copies(home, words)
        with writing(search.engine) as connection:
            evidence.forget_files(connection, home, *copies)
        elsewhere.remove(copies)
    elif of.kind == "submission":
        words = _said(home, _submission(search.engine, of))
    else:
        return
    elsewhere.blank_messages(home, words)
    if elsewhere.logged(home, words):
        elsewhere.remove_logs(home)


def _releases(search: _Search, erasure: Row) -> None:
    if search.of.kind == "file":
        return
    home = search.home
    words = elsewhere.Words(())
    if search.of.of_records:
        words = elsewhere.Words(one for one in search.references() if len(one) >= elsewhere.SHORTEST)
    for name in verify.release_names(home):
        at(f"release {name}")
        rows = search.rows_of(name, erasure["plan"].get("persons", {}))
        # the crime of an erased person stays in a release, under its reference
        published.take_out(
            home,
            search.engine,
            erasure["erasure"],
            rows,
            words if search.of.kind == "crime" else elsewhere.Words(()),
        )


def _ledger(search: _Search, erasure: Row) -> None:
    at("ledger")
    of = search.of
    if of.of_records or of.kind == "submission":
        if of.kind in PERSONS and of.keeps_text:
            return
        with writing(search.engine) as connection:
            references = answers.references(connection, str(of.force), search.is_of)
            answers.take_out(
                connection, erasure["erasure"], str(of.force), references, whole=of.kind not in PERSONS
            )


def _received(search: _Search, erasure: Row) -> None:
    at("raw, archive and landing")
    home, engine, number = search.home, search.engine, erasure["erasure"]
    planned = [tuple(key) for key in erasure["plan"].get("submissions", [])]
    if search.of.of_records:
        found = search.in_raw()
        for one in found:
            erased.take_out_of_raw(home, one)
        keys = {*planned, *(tuple(_key(one.row)) for one in found)}
        rows = [
            row
            for row in read_submissions(engine)
            if tuple(_key(row)) in keys and row["status"] == "accepted"
        ]
        if rows:
            erased.replace_originals(home, engine, number, rows)
    else:
        for row in read_submissions(engine):
            if tuple(_key(row)) in planned:
                _empty(home, engine, erasure, row)
    files = erasure["plan"].get("files", {})
    with writing(engine) as connection:
        erasures.note_erased(
            connection,
            number,
            [
                {"place": ARCHIVE, "name": sha256, "was": sha256, "is_now": None, "many": size}
                for sha256, size in sorted(files.items())
            ],
        )
    erased.sweep(home, engine)


def _empty(home: Home, engine: Engine, erasure: Row, row: Row) -> None:
    """A submission that was sent in error is a refused one without content: the one before it stands again."""
    from orchestration.ledger.tables import explanations

    key = {name: row[name] for name in ("force", "quarter", "submission")}
    remark = "erased", REMARK.format(day=erasure["at"][:10], authority=erasure["authority"])
    with writing(engine) as connection:
        erased.change_receipt(
            connection,
            row,
            status="refused",
            layout=None,
            reasons=erasures.as_text(list(remark)),
            said=None,
            fingerprint="erased",
            **dict.fromkeys(raw.RECORD_TYPES, 0),
        )
        with erasures.writable(connection, submission_files, submission_folders, explanations):
            folder = {"folder": f"erased-{erasure['erasure']}"}
            connection.execute(submission_folders.update().where(_of(submission_folders, key)).values(folder))
            files = connection.execute(submission_files.select().where(_of(submission_files, key))).all()
            for place, file in enumerate(sorted(files, key=lambda file: file.sha256), 1):
                connection.execute(
                    submission_files.update()
                    .where(_of(submission_files, key), submission_files.c.file == file.file)
                    .values(file=f"erased-{place}")
                )
            connection.execute(
                explanations.update()
                .where(_of(explanations, key))
                .values(explanation="erased", crime_reference=None)
            )
        for table in (submission_files, submission_folders, explanations):
            evidence.renew(connection, table, "/".join(map(str, key.values())))
    raw.remove(home, row["quarter"], row["force"], row["submission"])


def _of(table: Any, key: dict[str, Any]) -> Any:
    return (
        (table.c.force == key["force"])
        & (table.c.quarter == key["quarter"])
        & (table.c.submission == key["submission"])
    )


def _made_of_it(search: _Search, erasure: Row) -> None:
    """Packs and warehouses of a moment are made again by their commands, damaged ones never; the warehouse, and the cases that
    readers are shown, here."""
    home, of = search.home, search.of
    snapshots.write(search.engine, home)
    if of.kind == "file":
        return
    packs = _packs(home, of)
    with writing(search.engine) as connection:
        evidence.forget_files(connection, home, *packs)
    for folder in [*packs, *_other_warehouses(home)]:
        shutil.rmtree(folder)
    # one that a run which was cut off has removed is built, too
    if not (home.warehouse.exists() or BUILT_AGAIN in erasure["plan"]["places"]):
        return
    from orchestration.readings.desk import Desk
    from orchestration.readings.worklist import write_cases
    from orchestration.warehouse.dbt import build

    for part in (home.warehouse, home.warehouse.with_name("warehouse.duckdb.wal")):
        part.unlink(missing_ok=True)
    build(home)
    write_cases(home)
    desk = Desk(home)
    desk.sync()
    desk.close()


def again(home: Home, register: Path | None = None) -> list[dict[str, Any]]:
    """Finish what was cut off, and erase again what a register has and this ledger has not: a home that was restored from
    a backup of before. The erasures that were done."""
    file = register or erasures.register_of(home)
    with _alone(home):
        with ledger_of(home) as engine:
            if register or file.exists():
                erasures.adopt(home, engine, file)
            waiting = [row for row in erasures.read(engine) if not row["ended_at"]]
        for row in waiting:
            _finish(home, row, target.of_row(row))
    return waiting
