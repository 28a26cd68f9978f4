"""What a force is told about a return, gathered from the warehouse's own tables and the force's own raw records.

The same questions go to the national warehouse and to the one that `cpai check` builds of a single return, so the
two give the same findings. Values of records are read here, for the force that sent them, and nowhere else.
"""
# ruff: noqa: S608 - names in the SQL are this module's own and the seeds'; what is asked for is a parameter

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.home import seed_rows
from orchestration.returns.layouts import part_of
from orchestration.returns.layouts.parts import RECORD_TYPES
from orchestration.returns.pack.cells import columns_of, row_in_sheet, values_of
from orchestration.returns.pack.order import HELD_OUT, beyond_tolerance, by_code, checks, left_out, rules
from orchestration.statements import Connection, one_file, rows_of

Row = dict[str, Any]

# what is asked of the force: correct an error, correct or explain a query, nothing where all is already done
ANSWERS = {
    "blocks": "correct",
    "refuses": "correct",
    "rejects": "correct",
    "reported": "explain",
    "reports": "explain",
}
UNIT = {"crime": "crimes", "victim": "victims", "suspect": "suspects"}


def gather(
    connection: Connection,
    quarter: str,
    raw: Path,
    forces: Iterable[str] | None = None,
    explanations: Mapping[str, list[Row]] | None = None,
) -> dict[str, Row]:
    """force -> everything its pack says, as JSON would hold it, for each force's latest submission of `quarter`.

    `connection` is DuckDB's, with the warehouse's schemas in reach; `raw` the folder of the raw Parquet.
    Forces that have sent nothing have no pack.
    """
    gathering = _Gathering(connection, quarter, raw, forces)
    return {force: gathering.pack(force, (explanations or {}).get(force, [])) for force in gathering.latest}


def canonical(findings: list[Row]) -> bytes:
    """Findings as the one sequence of bytes that two runs are compared by."""
    return json.dumps(findings, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


class _Gathering:
    """One pass over the tables for all forces of a quarter; each pack is then picked out of it."""

    def __init__(self, connection: Connection, quarter: str, raw: Path, forces: Iterable[str] | None) -> None:
        self.connection, self.quarter, self.raw = connection, quarter, raw
        wanted = set(forces) if forces is not None else None
        self.latest = {
            row["force"]: row
            for row in self._rows(
                "select force, submission, status, received_at, reasons, layout, stands "
                "from packs.pack_returns where quarter = $quarter order by force"
            )
            if wanted is None or row["force"] in wanted
        }
        answered = [force for force, row in self.latest.items() if row["submission"] == row["stands"]]
        self.findings, self.centre = self._findings(answered)
        self.balance = self._by_force(
            "select force, record_type, received, accepted, rejected, duplicate, superseded "
            "from quality.balance where quarter = $quarter order by record_type"
        )
        self.counted = self._counted()
        self.completeness = self._by_force(
            'select force, record_type, field, known, records as "of", percent, last_quarter, national '
            "from packs.pack_completeness where quarter = $quarter order by record_type, field"
        )

    def pack(self, force: str, explanations: list[Row]) -> Row:
        row = self.latest[force]
        answered = row["submission"] == row["stands"]
        findings = self.findings.get(force, [])
        reasons = [_reason(sentence) for sentence in json.loads(row["reasons"] or "[]")]
        explained = {(each["rule"], each["crime_reference"]) for each in explanations}
        return {
            "force": force,
            "force_name": _forces().get(force, force),
            "quarter": self.quarter,
            "submission": row["submission"],
            "status": row["status"],
            "received_at": row["received_at"],
            "layout": row["layout"],
            "stands": row["stands"],
            "to_correct": (len(reasons) if row["status"] == "refused" else 0)
            + sum(len(each["failing"]) for each in findings if each["answer"] == "correct"),
            "records_to_mend": len(_records_to_mend(findings)),
            "to_explain": sum(
                not explained & {(each["code"], None), (each["code"], failing["crime_reference"])}
                for each in findings
                if each["answer"] == "explain"
                for failing in each["failing"]
            ),
            "reasons": reasons,
            "balance": self.balance.get(force, []) if answered else [],
            "findings": findings,
            "found_by_the_centre": self.centre.get(force, []),
            "counted": self.counted.get(force) if answered else None,
            "completeness": self.completeness.get(force, []) if answered else [],
            "explanations": explanations,
            "only_the_centre": _only_the_centre(),
            # of a check before sending: what of a folder was judged
            "checked": None,
        }

    def _rows(self, sql: str, **parameters: Any) -> list[Row]:
        given = {"quarter": self.quarter, **parameters}
        return rows_of(self.connection, sql, {name: given[name] for name in given if f"${name}" in sql})

    def _by_force(self, sql: str, **parameters: Any) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows(sql, **parameters):
            found[row.pop("force")].append(row)
        return found

    def _findings(self, forces: list[str]) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
        """By force: what the return alone shows, and what only the centre could see."""
        if not forces:
            return {}, {}
        own: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        centre: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for row in (*self._broken(forces), *self._seen_by_the_centre(forces)):
            rule = rules()[row["code"]]
            # what was restored exactly, and what is the centre's own to correct, asks nothing of the force
            asks_nothing = rule["force_does"].startswith("Nothing")
            key = row["force"], "nothing" if asks_nothing else ANSWERS[row["severity"]], row["code"]
            (own if rule["checked_by"] == "force" else centre)[key].append(self._failing(row))
        held_out = self._held_out(forces)
        for row in (*held_out, *self._met_at_intake(forces)):
            answer = ANSWERS.get(checks()[row["code"]]["outcome"], "nothing")
            own[row["force"], answer, row["code"]].append(self._failing(row))
        tested = {
            (row["force"], row["rule"]): row["tested"]
            for row in self._rows(
                "select force, rule, tested from quality.rule_results where quarter = $quarter"
            )
        }
        # how many of a type there are is a rule of its own; which ones stand under their reasons
        lost = {
            key: records
            for key, records in Counter(
                (row["force"], HELD_OUT[row["record_type"]]) for row in held_out
            ).items()
            if beyond_tolerance(key[1], records, tested.get(key))
        }
        own |= {(force, "correct", code): [] for force, code in lost}
        crimes_are = self._crimes_are([*own.items(), *centre.items()])
        return by_code(own, tested, crimes_are, lost), by_code(centre, tested, crimes_are)

    def _crimes_are(
        self, found: Iterable[tuple[tuple[str, str, str], list[Row]]]
    ) -> dict[tuple[str, str], str]:
        """What became of each crime that a finding is about, by force and reference."""
        crimes = {(key[0], row["crime_reference"]) for key, rows in found for row in rows}
        asked = sorted(crime for crime in crimes if crime[1] is not None)
        rows = self._rows(
            """
            select asked.force, asked.crime_reference, cpai.is_contact, exclusions.reason
            from (select unnest($forces) as force, unnest($references) as crime_reference) as asked
            left join intermediate.int_references_as_sent as names
                on names.force = asked.force and names.as_sent = asked.crime_reference
            left join cpai.cpai_crimes as cpai
                on cpai.force = asked.force and cpai.quarter = $quarter
                and cpai.crime_reference = coalesce(names.crime_reference, asked.crime_reference)
            left join cpai.cpai_exclusions as exclusions
                on exclusions.force = asked.force and exclusions.quarter = $quarter
                and exclusions.crime_reference = coalesce(names.crime_reference, asked.crime_reference)
            where cpai.force is not null or exclusions.force is not null
            """,
            forces=[force for force, _ in asked],
            references=[reference for _, reference in asked],
        )
        return {
            (row["force"], row["crime_reference"]): (
                left_out(row["reason"])
                if row["reason"]
                else "contact crime"
                if row["is_contact"]
                else "counted"
            )
            for row in rows
        }

    def _files(self, record_type: str, forces: list[str]) -> list[str]:
        # by name, so that a quarter's packs do not read every quarter's records
        paths = [
            self.raw / record_type / self.quarter / f"{force}.{self.latest[force]['stands']}.parquet"
            for force in forces
        ]
        # a return that stands has a file of each type: one that is missing is not left out, DuckDB names it
        found = [one_file(path) for path in paths if path.exists() or record_type in RECORD_TYPES]
        # it has the columns of today, which files that were written before may lack
        return [*found, one_file(self.raw / record_type / "none" / "none.0.parquet")] if found else []

    def _broken(self, forces: list[str]) -> list[Row]:
        """Findings about one record, with its place and its cells."""
        rows = []
        for unit, record_type in UNIT.items():
            person = f"{unit}_reference" if unit != "crime" else None
            age = "coalesce(staged.age_sent, staged.age_from_birth)" if person else "null"
            ages = "" if person else ", victims.ages"
            with_ages = (
                ""
                if person
                else """
                left join packs.pack_ages as victims on victims.quarter = $quarter
                    and victims.force = findings.force and victims.crime_reference = findings.crime_reference
                """
            )
            rows += self._rows(
                f"""
                select findings.rule as code, findings.severity, findings.found, findings.fields,
                    '{record_type}' as record_type, findings.person_reference, {age} as known_age{ages},
                    crimes.offence_code as counted_as, crimes.offence_code_sent, raw_records.*
                from quality.findings as findings
                inner join reference.rules as rules
                    on rules.rule = findings.rule and rules.checked_by = 'force'
                inner join intermediate.int_{record_type} as staged
                    on staged.force = findings.force and staged.quarter = findings.quarter
                    and staged.crime_reference = findings.crime_reference
                    {f"and staged.{person} = findings.person_reference" if person else ""}
                inner join intermediate.int_crimes as crimes
                    on crimes.force = findings.force and crimes.quarter = findings.quarter
                    and crimes.crime_reference = findings.crime_reference
                inner join {_raw(record_type)} as raw_records
                    on raw_records.force = staged.force and raw_records.file = staged.file
                    and raw_records.record_number = staged.record_number
                    and coalesce(raw_records.sheet, '') = coalesce(staged.sheet, '')
                    and coalesce(raw_records.place_in_row, 1) = coalesce(staged.place_in_row, 1)
                {with_ages}
                where findings.quarter = $quarter and findings.record_type = '{unit}'
                    and findings.rule <> '{HELD_OUT[record_type]}'
                """,
                files=self._files(record_type, forces),
            )
        return rows

    def _seen_by_the_centre(self, forces: list[str]) -> list[Row]:
        """Findings that other returns, earlier quarters or readings show: they may have no record in this return."""
        return self._rows(
            """
            select findings.rule as code, findings.severity, findings.found, findings.force,
                coalesce(names.as_sent, findings.crime_reference) as crime_reference, findings.person_reference,
                findings.record_type || 's' as record_type
            from quality.findings as findings
            inner join reference.rules as rules
                on rules.rule = findings.rule and rules.checked_by = 'centre' and rules.our_own = 'N'
            left join intermediate.int_references_as_sent as names
                on names.force = findings.force and names.crime_reference = findings.crime_reference
            where findings.quarter = $quarter and list_contains($forces, findings.force)
                and findings.record_type in ('crime', 'victim', 'suspect', 'return')
            """,
            forces=forces,
        )

    def _held_out(self, forces: list[str]) -> list[Row]:
        rows = []
        for record_type in RECORD_TYPES:
            rows += self._rows(
                f"""
                select rejected.rule as code, '{record_type}' as record_type, raw_records.*
                from intermediate.int_rejected_records as rejected
                inner join {_raw(record_type)} as raw_records
                    on raw_records.force = rejected.force and raw_records.file = rejected.file
                    and raw_records.record_number = rejected.record_number
                    and coalesce(raw_records.sheet, '') = coalesce(rejected.sheet, '')
                    and coalesce(raw_records.place_in_row, 1) = coalesce(rejected.place_in_row, 1)
                where rejected.quarter = $quarter and rejected.record_type = '{record_type}'
                """,
                files=self._files(record_type, forces),
            )
        return rows

    def _met_at_intake(self, forces: list[str]) -> list[Row]:
        found = self._files("intake_findings", forces)
        if not found:
            return []
        rows = []
        for record_type in RECORD_TYPES:
            rows += self._rows(
                f"""
                select met.code, '{record_type}' as record_type, met."column" as fields, met.force, met.file, met.sheet,
                    met.record_number, met.place_in_row, raw_records.* exclude (force, file, sheet, record_number, place_in_row)
                from read_parquet($found, union_by_name = true, hive_partitioning = false) as met
                left join {_raw(record_type)} as raw_records
                    on raw_records.force = met.force and raw_records.file = met.file
                    and raw_records.record_number = met.record_number
                    and coalesce(raw_records.sheet, '') = coalesce(met.sheet, '')
                    and coalesce(raw_records.place_in_row, 1) = coalesce(met.place_in_row, 1)
                where met.record_type = '{record_type}'
                """,
                files=self._files(record_type, forces),
                found=found,
            )
        self._look_up_as_sent(rows)
        return rows + self._rows(
            """
            select code, record_type, "column" as fields, force, file, sheet, record_number
            from read_parquet($found, union_by_name = true, hive_partitioning = false)
            where record_type is null or not list_contains($record_types, record_type)
            """,
            found=found,
            record_types=list(RECORD_TYPES),
        )

    def _look_up_as_sent(self, rows: list[Row]) -> None:
        """Give each row `as_sent`: the text of its cell before intake corrected it, where the layout has one cell for it."""
        wanted: dict[tuple[str, str, str | None, str], dict[int, list[Row]]] = defaultdict(dict)
        for row in rows:
            part = part_of(self._layout_of(row), row["file"], row["sheet"])
            columns = part.of(row["record_type"]).get(row["fields"] or "", ()) if part else ()
            # names and dates of birth are not looked up at all
            if columns_of(row["record_type"]).get(row["fields"] or "", {}).get("personal") == "N":
                # of persons side by side, the one that the record is
                for column in (one for one in columns if one.place == (row.get("place_in_row") or 1)):
                    place = row["force"], row["file"], row["sheet"], column.heading
                    wanted[place].setdefault(row["record_number"], []).append(row)
        for (force, file, sheet, heading), by_number in wanted.items():
            for path in (
                self.raw / "as_sent" / self.quarter / f"{force}.{self.latest[force]['stands']}"
            ).glob("*.parquet"):
                parquet = pq.ParquetFile(path)
                if heading not in parquet.schema_arrow.names:
                    continue
                cells = parquet.read(["file", "sheet", "record_number", heading])
                here = cells.filter(
                    (pc.field("file") == file) & pc.field("record_number").isin(list(by_number))
                )
                for cell in here.to_pylist():
                    if (cell["sheet"] or None) == sheet:
                        for row in by_number[cell["record_number"]]:
                            row["as_sent"] = cell[heading]

    def _failing(self, row: Row) -> Row:
        """One record as the force finds it again: its own reference, file, sheet and row, and what stands there."""
        # as sent: staging numbers the persons that it keeps apart under one reference
        sent = row.get(
            {"victims": "victim_reference", "suspects": "suspect_reference"}.get(row["record_type"], "")
        )
        person = sent or row.get("person_reference")
        return {
            "record_type": row["record_type"],
            "crime_reference": row.get("crime_reference"),
            "person_reference": person,
            "file": row.get("file"),
            "sheet": row.get("sheet"),
            "row": row_in_sheet(
                self._layout_of(row), row.get("file"), row.get("sheet"), row.get("record_number")
            ),
            "found": row.get("found"),
            "values": values_of(row),
        }

    def _layout_of(self, row: Row) -> str | None:
        return row.get("layout") or self.latest[row["force"]]["layout"]

    def _counted(self) -> dict[str, Row]:
        """What the return adds to CPAI, contact and candidates, and why other crimes are left out."""
        counted = {
            row.pop("force"): row | {"exclusions": []}
            for row in self._rows(
                "select force, crimes, cpai, images, contact, candidates from packs.pack_counts where quarter = $quarter"
            )
        }
        for row in self._rows(
            "select force, reason, crimes from quality.exclusions where quarter = $quarter "
            "order by crimes desc, reason"
        ):
            counted[row.pop("force")]["exclusions"].append(row)
        return counted


def _records_to_mend(findings: list[Row]) -> set[tuple]:
    """The records that something is to be corrected on, each once however much is wrong with it."""
    place = ("record_type", "file", "sheet", "row", "crime_reference", "person_reference")
    return {
        tuple(failing[name] for name in place)
        for each in findings
        if each["answer"] == "correct"
        for failing in each["failing"]
    }


def _raw(record_type: str) -> str:
    """The raw records of the standing submissions without what is personal: it cannot reach a pack."""
    columns = ", ".join(name for name, column in columns_of(record_type).items() if column["personal"] != "Y")
    place = "force, layout, file, sheet, record_number, place_in_row"
    return f"(select {place}, {columns} from read_parquet($files, union_by_name = true, hive_partitioning = false))"


def _reason(sentence: str) -> Row:
    """A refusal reason of the ledger, `FL07 crimes.xlsx: is encrypted; …`, with what its check asks."""
    code, _, said = sentence.partition(" ")
    if code not in checks():
        return {"code": None, "said": sentence, "what_to_do": None}
    return {"code": code, "said": said, "what_to_do": checks()[code]["what_to_do"]}


@cache
def _only_the_centre() -> list[Row]:
    asked = [
        {"code": code, "statement": rule["statement"]}
        for code, rule in rules().items()
        if rule["checked_by"] == "centre"
        and rule["our_own"] == "N"
        and (rule["home"] == "record_rule" or rule["scope"] == "return")
        and rule["scope"] != "table"
        and rule["home"] != "not_checkable"
    ]
    return asked + [
        {"code": code, "statement": check["statement"]}
        for code, check in checks().items()
        if check["stage"] == "earlier_quarters"
    ]


@cache
def _forces() -> dict[str, str]:
    return {row["force"]: row["name"] for row in seed_rows("forces.csv")}
