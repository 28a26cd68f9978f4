"""Publish a period: the candidate release is built aside, checked, and becomes visible by one rename.

Write, audit, publish: until the rename, readers see the release that was live before and nothing of this one.
"""

import os
import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from orchestration import clock, doors, gate
from orchestration.home import Home
from orchestration.ledger import evidence, log, signers
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import releases
from orchestration.progress import at
from orchestration.quarters import in_period
from orchestration.releases import (
    attest,
    calendar,
    comparison,
    lineage,
    openlineage,
    package,
    pages,
    promises,
    revisions,
    singling_out,
    verify,
    views,
    waivers,
)
from orchestration.releases import inputs as release_inputs
from orchestration.releases.disclosure import attack, audit, cells, pattern, public
from orchestration.releases.pages import models
from orchestration.releases.reports import front_door
from orchestration.signing import NotSigned
from orchestration.statements import Connection, one_file, quoted
from orchestration.stopping import read_json
from orchestration.turns import to_the_disk, turn
from orchestration.warehouse import attached, columns, history
from orchestration.warehouse.attached import open_warehouse

if TYPE_CHECKING:
    from securesystemslib.signer import Signer


class GateShut(RuntimeError):
    """The gate is shut; `reasons` has a sentence each. The live release is as it was."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("the gate is shut, nothing was published:\n" + "\n".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True)
class Release:
    """A published release; `unchanged` when it was live already, with the same inputs and the same tables. `because`
    has sentences on how a new one differs from the one live before it; an alarm is one of them."""

    name: str
    period: str
    path: Path
    fingerprint: str
    created_at: str
    manifest_sha256: str
    unchanged: bool = False
    because: tuple[str, ...] = ()


def publish(home: Home, period: str, gate_result: gate.GateResult | None = None) -> Release:
    """Publish `period` (`2023` or `2023-Q1`), or return its live release when it would be the same: the same inputs
    and the same rows in every table.

    Signed with the key of CPAI_SIGNING_KEY, where there is one.
    Raises GateShut, WarehouseStale (build again), NotPublishable (correct the model), NotAllowed, NotSigned; none of them
    changes the live release. ValueError when `period` is neither a year nor a quarter.
    """
    in_period(period)
    return publish_signed(home, period, _hand(home), gate_result)


def publish_signed(
    home: Home,
    period: str,
    signer: "Signer | None",
    gate_result: gate.GateResult | None = None,
    recorded_as: Mapping[str, Any] = MappingProxyType({}),
    made_again: Collection[str] = (),
) -> Release:
    """`publish` with the key of a hand that may, or with none. `recorded_as`: of a release that is made again elsewhere, what
    its manifest says of the code and tools that it was made by; `made_again`: earlier ones that were, whose marts.duckdb has
    other bytes than was published."""
    quarters = in_period(period)
    judged = gate.state_of(home)
    if gate_result is None:
        gate_result = gate.check(home, period)
    if not gate_result.open:
        raise GateShut(gate_result.reasons)
    if unsigned := waivers.unsigned(home, quarters):
        raise GateShut(unsigned)
    home.releases.mkdir(parents=True, exist_ok=True)
    _earlier_as_published(home, made_again)
    with turn(home), open_warehouse(home) as connection:
        # attached, it cannot be written any more: what is copied below is what was checked
        if gate.state_of(home) != judged:
            raise attached.WarehouseStale(
                "the warehouse, a rule or a waiver changed while it was checked: publish again"
            )
        for leftover in home.releases.glob(".building-*"):
            shutil.rmtree(leftover)
        inputs = release_inputs.read(home, period, connection)
        recorded = _recorded(home, period)

        def compared(release: str) -> comparison.Comparison:
            head, dbt = verify.manifest_of(home, release), lineage.dbt_manifest(home)
            return comparison.compare(connection, dbt, home.releases / release, head, inputs, quarters)

        live = next((row for row in recorded if row.live and verify.has_manifest(home, row.release)), None)
        beside = compared(live.release) if live else None
        if live and beside and not beside.differs:
            _point_at(home, live.release)
            return _release(home, live._mapping, unchanged=True)
        folders = _folders(home, period)
        unfinished = _unfinished(home, folders, recorded, inputs.fingerprint)
        if unfinished and not compared(unfinished).differs:
            return _go_live(home, unfinished, signer)
        numbers = [_number(row.release) for row in recorded] + [_number(folder.name) for folder in folders]
        name = f"{period}.r{max(numbers, default=0) + 1}"
        building = home.releases / f".building-{name}"
        try:
            head = _build(home, connection, building, name, inputs, gate_result, beside, recorded_as)
            if signer:
                (building / evidence.ATTESTATION).write_text(attest.attestation(home, building, head, signer))
            package.settle(building)
            building.rename(home.releases / name)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
        return replace(_go_live(home, name, signer), because=tuple(beside.sentences) if beside else ())


def _hand(home: Home) -> "Signer | None":
    """The key that the release is signed with, of who publishes. Raises NotAllowed, NotSigned."""
    with ledger_of(home) as engine:
        signers.require(engine, "analyst", "publish")
        signer = attest.key_given(home)
        if signer:
            attest.holder(signers.rows(engine), signer.public_key.keyid, "analyst")
    if not signer and attest.required():
        raise NotSigned(
            "a release has to be signed (seeds/publication/signing_policy.csv): give --key FILE, the key of an analyst"
        )
    return signer


# what a new release reads of those before it
OF_EARLIER = {"marts.duckdb", "public/figures.csv", *(f"marts/{table}.parquet" for table in revisions.TABLES)}


def _earlier_as_published(home: Home, made_again: Collection[str] = ()) -> None:
    """Every release in the ledger is there, with what a new one is compared with. Raises NotAsPublished."""
    for name in verify.recorded(home):
        if not verify.has_manifest(home, name):
            raise verify.NotAsPublished(
                f"{name}: is in the ledger and not in releases/; restore it from a copy"
            )
        of_it = OF_EARLIER - {"marts.duckdb"} if name in made_again else OF_EARLIER
        history.keep_release(home, verify.as_published(home, name, also=of_it.__contains__))


def _build(
    home: Home,
    connection: Connection,
    building: Path,
    name: str,
    inputs: release_inputs.Inputs,
    gate_result: gate.GateResult,
    beside: comparison.Comparison | None,
    recorded_as: Mapping[str, Any],
) -> dict:
    """Fill `building` with everything of the release, its manifest last, and check it by reading it back; the manifest
    without its files."""
    period = inputs.period
    dbt = lineage.dbt_manifest(home)
    building.mkdir()
    at(f"writing {name}: tables")
    connection.execute(f"attach {quoted(building / 'marts.duckdb')} as target")
    _, results_kept_at = history.keep(home, connection)
    package.copy_tables(connection, dbt, name, period, in_period(period))
    head = _manifest_head(home, connection, name, inputs, gate_result, results_kept_at)
    head |= recorded_as
    head["differs_from"] = beside.as_rows() if beside else None
    head["singling_out"] = singling_out.measure(
        connection,
        {table: f"target.main.{fact}" for table, fact in singling_out.FACTS.items()},
        ["force", "quarter", "crime_reference"],
    )
    singling_out.write(connection, head["singling_out"])
    head["compared_with"] = revisions.write(connection, head, home.releases, home.raw / "readings.parquet")
    if reasons := revisions.unexplained(connection, name):
        raise GateShut(reasons + ([beside.alarm] if beside and beside.alarm else []))
    written = views.in_warehouse(connection)
    built = package.columns_of(connection, "warehouse")
    # everything is in target: dbt may write the warehouse again while the rest is made
    connection.execute("detach warehouse")
    at(f"writing {name}: files")
    package.write_expectation_results(connection, gate_result.results)
    package.declare_keys(connection, dbt, period)
    resources = package.describe(connection, dbt, period, package.write_files(connection, building))
    views.add(connection, written, head)
    described = package.describe_views(connection, dbt)
    package.write_data_package(building, name, resources)
    head["times"] = _times(home, connection)
    traced = columns.kept(home)
    lineage.write(home, building / "lineage")
    events = building / "lineage" / "openlineage.ndjson"
    openlineage.write(events, dbt, head, resources, described, gate_result.results, traced)
    at(f"writing {name}: pages")
    if public.is_due(connection, period):
        _write_public(home, connection, building, head)
    pages.write(connection, building, head, resources, described, models.Lineage(dbt, traced, built))
    # detached: its write-ahead log is folded in, and the file is closed before it is hashed
    connection.execute("detach target")
    at(f"writing {name}: reading it back")
    package.write_manifest(building, head)
    if problems := verify.problems_of(building) + verify.contents(building):
        raise package.NotPublishable("the release just built does not verify:\n" + "\n".join(problems))
    return head


def _times(home: Home, connection: Connection) -> dict[str, str]:
    """When the last return of the release was received, the last reading came in, and the warehouse was last written: the
    events of lineage have them, and can be made again from the manifest."""
    ((received,),) = connection.execute("select max(received_at) from target.quality.returns").fetchall()
    built = datetime.fromtimestamp(home.warehouse.stat().st_mtime, UTC).isoformat(timespec="seconds")
    times = {"received": received or built, "built": built}
    file = home.raw / "readings.parquet"
    if file.exists():
        ((read,),) = connection.execute(
            "select max(imported_at) from read_parquet(?, hive_partitioning = false)", [one_file(file)]
        ).fetchall()
        times |= {"read": read} if read else {}
    return times


def _write_public(home: Home, connection: Connection, building: Path, head: dict) -> None:
    """The public tier, audited against every earlier one; GateShut when something in it could be worked out."""
    try:
        public.write(connection, building / "public", home.releases)
        public.write_statement(building / "public", head)
    except audit.NotSafe as refused:
        raise GateShut(refused.reasons) from refused
    except (attack.Contradiction, cells.Contradiction, pattern.NoPattern) as refused:
        raise GateShut([f"the public tier: {refused}"]) from refused


def _manifest_head(
    home: Home,
    connection: Connection,
    name: str,
    inputs: release_inputs.Inputs,
    gate_result: gate.GateResult,
    results_kept_at: str,
) -> dict:
    verdicts = [package.verdict(result) for result in gate_result.results]
    waived = package.waivers(connection, "target", in_period(inputs.period))
    return {
        "release": name,
        "period": inputs.period,
        **_promised(home, inputs.period),
        "created_at": clock.now().isoformat(timespec="seconds"),
        "fingerprint": inputs.fingerprint,
        "results_kept_at": results_kept_at,
        "made_up_data": True,
        "submissions": inputs.submissions,
        "readings": inputs.readings,
        # what is cut off the end of the ledger would break no link of its chains: a release keeps where they ended
        "last_of_reading_chain": inputs.last_of_chain,
        "last_of_log": inputs.last_of_log,
        "ledger": _ends(home),
        "key": inputs.key,
        "published_by": dict(zip(("door", "who"), doors.by(), strict=True)),
        "recorded_crime": inputs.recorded_crime,
        # returns of later quarters that lower these ones
        "cancelled_by": inputs.cancelled_by,
        # why a figure is lower than before, though nobody sent anything again
        "erased": release_inputs.erased_before(home, in_period(inputs.period)),
        # what else the warehouse was built from: it explains a table that no input of the period does
        "beside": inputs.beside,
        "seeds_sha256": inputs.seeds_sha256,
        "seeds": inputs.seeds,
        "rules_sha256": inputs.seeds.get("rules.csv"),
        "code_sha256": inputs.code,
        "code_commit": release_inputs.git_commit(),
        "tools": package.tool_versions(),
        "gate": {
            "open": True,
            "expectations": len(verdicts),
            **{verdict: verdicts.count(verdict) for verdict in ("pass", "failed", "error")},
            "reasons": list(gate_result.reasons),
        },
        "waivers": waived,
        "hands": _hands(home, waived),
    }


def _hands(home: Home, waived: list[dict]) -> dict:
    """By whose authority: whether roles are asked for here, and who signed each waiver."""
    with ledger_of(home) as engine:
        nobody = not signers.rows(engine)
    return {
        "roles": f"{signers.NOBODY}; waivers count by the name in the seed" if nobody else "asked for",
        "waivers": waivers.told(home, waived),
    }


def _ends(home: Home) -> dict:
    with ledger_of(home) as engine:
        return evidence.ends(engine)


def _promised(home: Home, period: str) -> dict:
    try:
        said = calendar.statement(period)
        return said | {
            "announcement_on_record": promises.announced(home).get((period, said["planned_on"])),
            "policies": promises.policies(),
            "quality_statements": promises.quality_statements(period),
        }
    except calendar.NotAsPromised as problem:
        raise package.NotPublishable(str(problem)) from problem


def _number(release: str) -> int:
    return int(release.rpartition(".r")[2])


def _folders(home: Home, period: str) -> list[Path]:
    wanted = re.compile(re.escape(period) + r"\.r\d+")
    found = (folder for folder in home.releases.iterdir() if wanted.fullmatch(folder.name))
    return sorted(found, key=lambda folder: _number(folder.name))


def _unfinished(home: Home, folders: list[Path], recorded: Sequence, fingerprint: str) -> str | None:
    """A release renamed into place by a run that was killed before recording it: it only has to go live."""
    known = {row.release for row in recorded}
    for folder in reversed(folders):
        if folder.name not in known and not verify.problems_of(folder):
            head = read_json(folder / "manifest.json")
            if head["fingerprint"] == fingerprint:
                return folder.name
    return None


def _recorded(home: Home, period: str) -> Sequence:
    from sqlalchemy import select

    with ledger_of(home) as engine, engine.connect() as ledger:
        return ledger.execute(select(releases).where(releases.c.period == period)).all()


def _go_live(home: Home, name: str, signer: "Signer | None" = None) -> Release:
    """Point `current` at the release and record it as its period's live one; safe to do twice."""
    head = read_json(home.releases / name / "manifest.json")
    history.keep_release(home, head)
    # the release links both, and its reports are written later
    promises.announce(home)
    pages.listing.write(home)
    front_door.write(home, head)
    _point_at(home, name)
    row = {
        "release": name,
        "period": head["period"],
        "created_at": head["created_at"],
        "fingerprint": head["fingerprint"],
        "manifest_sha256": package.file_hash(home.releases / name / "manifest.json"),
        "live": True,
    }
    with ledger_of(home) as engine, engine.begin() as ledger:
        ledger.execute(releases.update().where(releases.c.period == head["period"]).values(live=False))
        evidence.insert_rows(ledger, releases, [row])
        evidence.note_files(ledger, home, *_pages_of(home, name))
        about = {name: row[name] for name in ("release", "period")} | {"files": [row["manifest_sha256"]]}
        to = os.environ.get("CPAI_ANALYSTS") or "analysts"
        log.note(ledger, "disclosure", "release published", about, to)
    if signer:
        attest.write_list(home, home.releases / evidence.KEYS, signer)
    return _release(home, row)


def _pages_of(home: Home, name: str) -> list[Path]:
    """What is written beside a release as it goes live, and its signature."""
    beside = [home.releases / pages.listing.NAME, front_door.of(home, name)]
    return [*beside, home.releases / name / evidence.ATTESTATION]


def _point_at(home: Home, name: str) -> None:
    """`current` points at a release; a folder or file that came in its place is not removed."""
    current = home.releases / "current"
    if current.is_symlink() and current.readlink() == Path(name):
        return
    pointer = home.releases / ".current.new"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(name)
    pointer.replace(current)
    to_the_disk(home.releases)


def _release(home: Home, row: Mapping[str, Any], unchanged: bool = False) -> Release:
    same = {name: row[name] for name in ("period", "fingerprint", "created_at", "manifest_sha256")}
    return Release(name=row["release"], path=home.releases / row["release"], unchanged=unchanged, **same)
