"""What an auditor is given of a release: a folder with its evidence, a sample of figures walked to their lines, and one page
of findings in plain words.

The sample is drawn by a word of the auditor's: the figures whose SHA-256 after that word comes first. Nobody who made the
release can know which these are, and everybody can draw them again.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from orchestration import clock
from orchestration.home import PROJECT, Home, seed_rows
from orchestration.ledger import log
from orchestration.ledger.opening import ledger_of
from orchestration.pages import environment
from orchestration.printing import counted
from orchestration.releases import described, verify
from orchestration.releases.explain import explain
from orchestration.releases.members import KEY
from orchestration.returns.receipts import RETURNED
from orchestration.spreadsheets import write_csv
from orchestration.statements import rows_of
from orchestration.stopping import NotThere
from orchestration.turns import swap_in

Row = dict[str, Any]
# file of the pack: what it has, and the table of the release that it is
TABLES = {
    "coverage": ("What was due of each force and quarter, and what came", "quality.returns"),
    "balance": ("Records received, and what became of each", "quality.balance"),
    "exclusions": ("Crimes that are not in the CPAI, by reason", "quality.exclusions"),
    "rule_results": ("Each rule asked of each force and quarter, and its verdict", "quality.rule_results"),
    "reconciliation": ("The CPAI beside police recorded crime", "quality.reconciliation"),
    "revisions": ("Every figure that was revised, each time with its cause", "quality.figure_revisions"),
    "agreement": ("How far readers agree with each other and with known answers", "reading_agreement"),
    "recall": ("Group-based crimes that no reason to read found, by the random sample", "recall_estimates"),
}
OF_SAMPLE = (
    "number",
    *KEY,
    "counts",
    "numerator",
    "denominator",
    "recounted",
    "recounted_base",
    "differs",
    "records",
)
# what the tests show, where that is kept, and how it is shown again
TESTS = (
    ("each rule finds the record that breaks it, and not the near miss", "tests/exemplars.py", "make test"),
    ("faults in the rules' SQL are noticed, but for those listed", "tests/expectations/surviving_mutants.csv", "make proof"),
    ("figures are those of a derivation in plain Python, faults in the models are noticed, but for those listed",
     "tests/independent/surviving_mutants.csv", "make proof"),
    ("conversions that can lose a value, each with its case", "tests/independent/lossy_conversions.csv", "make test"),
    ("each way in which a record is held out", "tests/returns/held_out.csv", "make test"),
    ("what somebody wrote is in no place where it must not be", "tests/returns/canaries.csv", "make proof"),
    ("each damage stops what rests on it", "tests/releases/damages.csv", "make test"),
)  # fmt: skip


def write(home: Home, release: str | None, into: Path, draw: str, figures: int, to: str) -> dict[str, Any]:
    """The folder `audit-<release>` in `into`, whole or not at all; what its page says. `draw`: the auditor's word; `figures`: how
    many are walked to their lines; `to` whom it is given is in the log first.

    Raises NoRelease, NotAsPublished, and NotThere where it cannot be written.
    """
    head = verify.as_published(home, release, also=lambda _: True)
    folder = into / f"audit-{head['release']}"
    log.note(home, "disclosure", "audit pack written", {"release": head["release"]}, to)
    aside = folder.with_name(f".{folder.name}.being-written")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True, mode=0o700)
        findings = _fill(home, head, aside, draw, figures, to)
        swap_in(aside, folder)
    except OSError as problem:
        raise NotThere(f"{folder} cannot be written: {problem.strerror}") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return {"folder": str(folder), **findings}


def _fill(home: Home, head: Row, folder: Path, draw: str, figures: int, to: str) -> Row:
    import duckdb

    release = home.releases / head["release"]
    for name in ("manifest.json", "datapackage.json"):
        shutil.copyfile(release / name, folder / name)
    for file in sorted(release.glob("*.dsse.json")):
        shutil.copyfile(file, folder / file.name)
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as connection:
        rows = partial(rows_of, connection)
        tables = {name: rows(f"from {table}") for name, (_, table) in TABLES.items()}
        drawn = _drawn(rows, draw, figures)
    for name, found in tables.items():
        write_csv(folder / f"{name}.csv", list(found[0]) if found else ["none"], found)
    _rules(folder, tables["rule_results"])
    write_csv(
        folder / "waivers.csv", list(head["waivers"][0]) if head["waivers"] else ["none"], head["waivers"]
    )
    with ledger_of(home) as engine:
        acts = log.entries(home, engine, about=f"release={head['release']}")
    write_csv(folder / "log.csv", log.COLUMNS, ({**row, "set": json.dumps(row["set"])} for row in acts))
    _tests(folder)
    sample = _walked(home, head, drawn, folder)
    written_at = clock.now().isoformat(timespec="seconds")
    findings = _findings(head, tables, sample) | {"written_at": written_at, "draw": draw, "to": to}
    findings["signed"] = sorted(file.name for file in folder.glob("*.dsse.json"))
    _page(folder, head, findings, sample)
    described.write(folder, head, _about(), written_at)
    return findings


def _drawn(rows: Callable[..., list[Row]], draw: str, figures: int) -> list[Row]:
    """The first of the printed figures by SHA-256 of `draw`, a `|`, and their key with `|` between."""
    printed = rows(f"select {', '.join(KEY)} from figures where status <> 'withheld'")  # noqa: S608 - names of ours

    def place(row: Row) -> str:
        return hashlib.sha256("|".join([draw, *(str(row[name]) for name in KEY)]).encode()).hexdigest()

    return sorted(printed, key=place)[:figures]


def _walked(home: Home, head: Row, drawn: list[Row], folder: Path) -> list[Row]:
    """Each figure drawn, counted again from its records; these in a file of their own in `sample/`."""
    (folder / "sample").mkdir(mode=0o700)
    found = []
    for number, figure in enumerate(drawn, 1):
        file = folder / "sample" / f"{number:03}.csv"
        said = explain(
            home,
            figure["figure_id"],
            figure["place"],
            figure["period"],
            head["release"],
            scheme=figure["scheme"],
            records=file,
        )
        again = said["recounted"] or {"numerator": None, "denominator": None}
        found.append(
            {
                "number": number,
                **figure,
                **{name: said[name] for name in ("counts", "numerator", "denominator")},
                "recounted": again["numerator"],
                "recounted_base": again["denominator"] if said["denominator"] is not None else None,
                "differs": said["differs"],
                "records": f"sample/{file.name}" if file.exists() else None,
                "evidence_ends": said["evidence_ends"],
            }
        )
    write_csv(folder / "sample.csv", OF_SAMPLE, [{name: row[name] for name in OF_SAMPLE} for row in found])
    return found


def _rules(folder: Path, results: list[Row]) -> None:
    """Each rule as it is written, with what it found over all forces and quarters."""
    rows = []
    for rule in seed_rows("rules.csv"):
        own = [row for row in results if row["rule"] == rule["rule"]]
        of_rule = {name: sum(row[name] or 0 for row in own) for name in ("tested", "failed", "waived")}
        verdicts = sorted({row["verdict"] for row in own})
        rows.append({**rule, **of_rule, "verdicts": ", ".join(verdicts)})
    write_csv(folder / "rules.csv", list(rows[0]), rows)


def _tests(folder: Path) -> None:
    """What the tests show and how to show it again; the lists that they hold against, where this is no installed wheel."""
    place = folder / "tests"
    place.mkdir(mode=0o700)
    for _, file, _ in TESTS:
        if (PROJECT / file).is_file():
            shutil.copyfile(PROJECT / file, place / file.removeprefix("tests/").replace("/", "_"))
    write_csv(folder / "tests.csv", ("shows", "file", "command"), TESTS)


def _findings(head: Row, tables: Mapping[str, list[Row]], sample: list[Row]) -> Row:
    """What the page says, as numbers."""
    due, returned = (
        {(row["force"], row["quarter"]) for row in tables["coverage"] if row["status"] in statuses}
        for statuses in ({row["status"] for row in tables["coverage"]}, RETURNED)
    )
    results = tables["rule_results"]
    balance, within = tables["balance"], tables["reconciliation"]
    unequal = [
        row for row in balance
        if row["received"] != sum(row[name] or 0 for name in ("accepted", "rejected", "duplicate", "superseded"))
    ]  # fmt: skip
    return {
        "due": len(due),
        "missing": len(due - returned),
        "received": sum(row["received"] for row in balance),
        "unbalanced": len(unequal),
        "asked": len(results),
        "failing": sum(row["verdict"] == "fails" for row in results),
        "waived": sum(row["verdict"] == "waived" for row in results),
        "waivers": len(head["waivers"]),
        "reconciled": sum(bool(row["within_tolerance"]) for row in within),
        "compared": sum(row["within_tolerance"] is not None for row in within),
        "revised": len({tuple(row[name] for name in KEY) for row in tables["revisions"]}),
        "sampled": len(sample),
        "equal": sum(row["recounted"] is not None and not row["differs"] for row in sample),
        "differing": [
            f"{row['figure_id']} {row['place']} {row['period']}: {row['differs']}"
            for row in sample
            if row["differs"]
        ],
        "not_recounted": sorted({row["evidence_ends"] for row in sample if row["evidence_ends"]}),
    }


def _page(folder: Path, head: Row, findings: Row, sample: list[Row]) -> None:
    html = (
        environment(Path(__file__).parent / "pages")
        .get_template("findings.html")
        .render(
            root="", to_releases=None, head=head, sample=sample, files=_about(), counted=counted, **findings
        )
    )
    (folder / "findings.html").write_text(html + "\n", encoding="utf-8")


def _about() -> dict[str, str]:
    """Each file of the pack in words."""
    return {
        "findings.html": "What was found, on one page",
        "manifest.json": "What the release was made from, and the SHA-256 of each of its files",
        "datapackage.json": "Each table and column of the release",
        "rules.csv": "Each rule, with how many records it was asked of and how many broke it",
        "waivers.csv": "Findings that were accepted: by whom, why, until when",
        **{f"{name}.csv": about for name, (about, _) in TABLES.items()},
        "log.csv": "Who did what with this release, by the log that the law asks for",
        "sample.csv": "Figures drawn by the auditor's word, each counted again from its records",
        "sample/": "Of each of them every record: force, crime reference, submission, file, row, SHA-256 of the file, readings",
        "tests.csv": "What the tests show, and the command that shows it again",
        "tests/": "The lists that the tests hold against: exemplars of rules, faults that no test notices, with the reason",
        "ro-crate-metadata.json": "This folder, described for machines (RO-Crate 1.1)",
        "dcat.json": "The release, described for catalogues (DCAT, UK cross-government metadata exchange model)",
    }
