"""The cells that a finding is about, as they were sent and with what they may hold, and where a person finds them."""

import re
from datetime import date
from functools import cache
from typing import Any

from orchestration.home import seed_rows
from orchestration.returns.layouts import part_of

Row = dict[str, Any]

LONGEST_LIST = 40
NOT_SHOWN = "(not shown)"


def values_of(row: Row) -> list[Row]:
    """The cells that a finding is about, each with what would be allowed there."""
    columns = columns_of(row["record_type"] or "")
    found = row.get("found") or ""
    fields = [field for field in (row.get("fields") or "").split(", ") if field]
    if found.startswith("unmapped_"):
        fields = [found.removeprefix("unmapped_")]
    elif found in ("unreadable_date", "unreadable_number"):
        fields = [
            field
            for field in fields
            if columns.get(field, {}).get("personal") == "Y"
            or _unreadable(columns.get(field, {}).get("kind"), row.get(field))
        ]
    elif found == "unreadable_age":
        fields = ["age_at_offence"]
    elif row["code"] == "RE05":
        fields = ["crime_reference", "offence_code", "recorded_on", "status"]
    elif row["code"] in ("RE01", "RE02"):
        fields = [name for name, column in columns.items() if column["must"] == "Y" and row.get(name) is None]
    elif row["code"] == "RE03":
        fields = ["recorded_on"]
    elif row["code"] == "RE04":
        fields = ["crime_reference"]
    values = []
    for field in fields:
        # a victim's finding may be about the code of the crime
        value = (
            row[field] if field in row else row.get("offence_code_sent" if field == "offence_code" else "")
        )
        if field == "age_at_offence" and row.get("ages") is not None:
            value = f"victims: {row['ages']}"
        elif field == "age_at_offence" and value is None and row.get("known_age") is not None:
            value = f"{row['known_age']} (from the date of birth)"
        allowed = _allowed(row, field)
        if "as_sent" in row:
            value, allowed = row["as_sent"], f"read as {value}" if value != row["as_sent"] else allowed
        if field in columns and columns[field]["personal"] == "Y":
            value, allowed = NOT_SHOWN, None
        values.append({"column": field, "value": value, "allowed": allowed})
    return values


def _unreadable(kind: str | None, text: str | None) -> bool:
    pattern = {"date": r"\d{4}-\d{2}-\d{2}", "integer": r"\d{1,4}"}.get(kind or "")
    if text is None or pattern is None:
        return False
    if not re.fullmatch(pattern, text):
        return True
    if kind == "integer":
        return False

    try:
        date.fromisoformat(text)
    except ValueError:
        return True
    return False


def _allowed(row: Row, field: str) -> str | None:
    """What a cell may hold, in words; None where the rule's own statement has it."""
    if row["code"] in ("CR15", "CR16", "CR18") and field == "age_at_offence":
        low, high = _ages().get(row.get("counted_as") or "", ("", ""))
        return f"{low or 0} to {high}" if high else f"{low} or older" if low else None
    column = columns_of(row["record_type"]).get(field)
    if not column or row["code"].startswith("CR"):
        return None
    if field == "offence_code":
        return "a Home Office class (19E), class/sub-code (19/16) or five digits (01916)"
    if field == "crime_reference" and row["code"] == "RE04":
        return "the reference of a crime in this return"
    return {
        "date": "a day, as the layout writes dates",
        "integer": "a whole number",
        "code": _codes(field),
        "flag": _codes("flag"),
    }.get(column["kind"], "not blank" if column["must"] == "Y" else None)


def row_in_sheet(layout: str | None, file: str | None, sheet: str | None, number: int | None) -> int | None:
    """The row that a person sees in the file: below the banner and the heading row."""
    part = part_of(layout, file, sheet)
    return number + part.banner_rows + part.heading_rows if number and part else None


@cache
def columns_of(record_type: str) -> dict[str, dict[str, str]]:
    return {
        row["column"]: row for row in seed_rows("return_columns.csv") if row["record_type"] == record_type
    }


@cache
def _ages() -> dict[str, tuple[str, str]]:
    """offence code -> the ages its victim may have; those of the class where the code has none."""
    rows = seed_rows("offences.csv")
    classes = {row["offence_class"]: row for row in rows if row["is_class_level"] == "Y"}

    def limit(row: dict[str, str], which: str) -> str:
        return row[which] or classes.get(row["offence_class"], {}).get(which, "")

    return {row["offence_code"]: (limit(row, "victim_age_min"), limit(row, "victim_age_max")) for row in rows}


@cache
def _codes(field: str) -> str:
    lists = {
        "self_defined_ethnicity": "self_defined_ethnicities",
        "observed_ethnicity": "observed_ethnicities",
        "relationship": "relationships",
        "outcome_code": "outcomes",
        "cancellation_code": "cancellation_codes",
        "local_authority": "local_authorities",
        "nationality": "nationalities",
    }
    codes = list(
        dict.fromkeys(
            row["code"]
            for row in (
                seed_rows(f"{lists[field]}.csv") if field in lists else seed_rows("code_spellings.csv")
            )
            if field in lists or row["field"] == field
        )
    )
    if len(codes) > LONGEST_LIST:
        return f"one of {len(codes)} codes, {codes[0]} to {codes[-1]}"
    return ", ".join(codes)
