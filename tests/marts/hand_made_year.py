"""The COCAD and CPAI of 2023 by hand: tables below the marts whose counts are the published ones.

Not a likely year: each attribute is dealt on its own, only so that every published numerator and
denominator comes out. It lets the marts be tested without returns, staging or readings.
"""

import csv
from itertools import chain, repeat
from pathlib import Path

import pandas as pd

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
FORCES = [row["force"] for row in csv.DictReader((SEEDS / "forces.csv").open(encoding="utf-8"))]

# and the verdict that each was made with
RELEASES = [("2023.r1", "within_tolerance"), ("2023.r2", "fails")]

CPAI = {"2023-Q1": 31316, "2023-Q2": 28603, "2023-Q3": 26737, "2023-Q4": 28833}
CONTACT = {"2023-Q1": 21141, "2023-Q2": 19633, "2023-Q3": 17839, "2023-Q4": 19465}

# (crimes, of them from April on, of them committed by children)
CRITERIA = {
    "cse": (717, 565, 83),
    "familial": (1125, 828, 128),
    "institutional": (366, 258, 146),
    "other": (1636, 1271, 704),
    "unknown": (384, 300, 0),
}
RECENCY = {"familial": {"non_recent": 660}, "": {"non_recent": 840, "unknown": 288}}
RAPE, ASSAULT, ACTIVITY = (
    "rape_of_a_child",
    "sexual_assault_on_a_child",
    "sexual_activity_involving_a_child",
)
OFFENCES = {
    "cse": {RAPE: 472, ASSAULT: 245},
    "institutional": {ASSAULT: 207, RAPE: 159},
    "children": {ACTIVITY: 359, ASSAULT: 345},
    "": {RAPE: 1071, ASSAULT: 403, ACTIVITY: 735, "other": 232},
}
# slice -> persons, then each attribute by slice; "" is every slice not named
VICTIMS = {"cse": 750, "familial": 1150, "children": 560, "": 1962}
VICTIM_ATTRIBUTES = {
    "age_band": {
        "familial": {"under_10": 628, "10_to_13": 469},
        "children": {"10_to_13": 350, "16_to_17": 142},
        "": {"under_10": 386, "10_to_13": 360, "14_to_15": 1105, "16_to_17": 409, "18_and_over": 157},
    },
    "gender": {"cse": {"female": 630, "male": 79}, "": {"female": 2382, "male": 786}},
    "ethnicity_group": {"": {"white": 1744, "asian": 72, "black": 88, "mixed": 75, "other": 79}},
}
SUSPECTS = {"cse": 800, "familial": 1700, "institutional": 600, "children": 1100, "": 2470}
SUSPECT_ATTRIBUTES = {
    "age_band": {
        "cse": {"18_to_29": 201, "30_to_39": 320},
        "": {
            "under_10": 430,
            "10_to_13": 917,
            "14_to_15": 945,
            "16_to_17": 430,
            "18_to_29": 642,
            "30_to_39": 883,
        },
    },
    "gender": {
        "cse": {"male": 479, "female": 62},
        "familial": {"female": 402, "male": 871},
        "institutional": {"female": 77, "male": 376},
        "": {"female": 629, "male": 1894},
    },
    "ethnicity_group": {
        "cse": {"white": 224, "asian": 95},
        "children": {"white": 566, "black": 48},
        "": {"white": 1094, "asian": 70, "black": 62, "mixed": 60, "other": 47},
    },
    "relationship_group": {
        "children": {"acquaintance": 355, "familial": 498},
        "": {"familial": 900, "stranger": 100},
    },
}


def dealt(frame: pd.DataFrame, shares: dict[str, dict[str, int]], rest: str | None) -> pd.Series:
    """Each slice's categories in turn, `rest` for those left over; a slice not named is in slice ""."""
    values = pd.Series(None, index=frame.index, dtype="str")
    slices = frame["slice"].where(frame["slice"].isin(shares), "")
    for name, counts in shares.items():
        rows = frame.index[slices == name]
        dealt_out = list(chain.from_iterable(repeat(category, n) for category, n in counts.items()))
        assert len(dealt_out) <= len(rows), (name, len(dealt_out), len(rows))
        values.loc[rows] = dealt_out + [rest] * (len(rows) - len(dealt_out))
    return values


def crimes() -> tuple[pd.DataFrame, pd.DataFrame]:
    """(cpai_crimes, cocad_crimes): one row per crime."""
    group_based = []
    for criterion, (total, collected, children) in CRITERIA.items():
        for n in range(total):
            group_based.append(
                {
                    "criterion": criterion,
                    "quarter": "2023-Q1" if n >= collected else f"2023-Q{2 + n % 3}",
                    "committed_by_children": "not_collected"
                    if n >= collected
                    else ("yes" if n < children else "no"),
                }
            )
    cocad = pd.DataFrame(group_based)
    cocad["slice"] = cocad["criterion"].where(
        (cocad["criterion"] != "other") | (cocad["committed_by_children"] != "yes"), "children"
    )
    cocad["recency"] = dealt(cocad, RECENCY, "recent")
    cocad["offence_group"] = dealt(cocad, OFFENCES, None)
    others = []
    for quarter, total in CPAI.items():
        here = int((cocad["quarter"] == quarter).sum())
        contact = CONTACT[quarter] - here
        image = total - CONTACT[quarter]
        others.append(
            pd.DataFrame(
                {
                    "quarter": quarter,
                    "offence_group": [ACTIVITY] * contact + ["image"] * image,
                    "recency": "recent",
                }
            )
        )
    cpai = pd.concat([cocad, *others], ignore_index=True)
    number = pd.Series(cpai.index)
    first_month = cpai["quarter"].str[-1].astype(int) * 3 - 2
    cpai["force"] = [FORCES[n % len(FORCES)] for n in number]
    cpai["crime_reference"] = "M" + number.astype(str)
    month = first_month + number // 7 % 3
    cpai["month"] = "2023-" + month.astype(str).str.zfill(2)
    cpai["recorded_on"] = pd.to_datetime(cpai["month"] + "-15").dt.date
    cpai["is_image"] = cpai["offence_group"] == "image"
    cpai["is_contact"] = ~cpai["is_image"]
    cpai["inclusion_rule"] = "code_names_a_child"
    cpai["offence_class"] = (
        cpai["offence_group"].map({"image": "86", RAPE: "19E", ASSAULT: "17B"}).fillna("21")
    )
    cpai["offence_code"] = cpai["offence_class"]
    for column in ("csa_flag", "cse_flag", "online_flag", "children_flag", "location_type"):
        cpai[column] = pd.Series(None, index=cpai.index, dtype="str")
    for column in ("local_authority", "outcome_code", "network_definition"):
        cpai[column] = pd.Series(None, index=cpai.index, dtype="str")
    cpai["outcome_on"] = pd.Series(None, index=cpai.index, dtype="datetime64[s]")
    for column in ("offenders_stated", "suspect_rows", "victim_rows", "offenders"):
        cpai[column] = 2
    cpai["criterion_2024"] = cpai["criterion"].mask(
        cpai["committed_by_children"] == "yes", "committed_by_children"
    )
    judged = ["criterion", "criterion_2024", "committed_by_children", "network_definition", "offenders"]
    return cpai.drop(columns=[*judged, "slice"]), cpai.loc[cocad.index]


def persons(
    cocad: pd.DataFrame, sizes: dict[str, int], attributes: dict[str, dict], unit: str
) -> pd.DataFrame:
    """One row per person on a crime; the slices' persons go round its crimes."""
    known = [name for name in sizes if name]
    slices = cocad["slice"].where(cocad["slice"].isin(known), "")
    parts = []
    for name, size in sizes.items():
        of_slice = cocad[slices == name]
        part = of_slice.iloc[[n % len(of_slice) for n in range(size)]]
        parts.append(part[["force", "quarter", "crime_reference"]].assign(slice=name))
    frame = pd.concat(parts, ignore_index=True)
    for column, shares in attributes.items():
        frame[column] = dealt(frame, shares, None)
    frame["gender_recorded"] = frame["gender"].notna()
    frame["gender"] = frame["gender"].fillna("not_known")
    frame[f"{unit}_reference"] = "P" + pd.Series(frame.index).astype(str)
    texts = [
        "self_defined_ethnicity",
        "ethnicity_missing_reason",
        "observed_ethnicity",
        "observed_ethnicity_group",
        "disability",
        "nationality",
        "role",
        "relationship",
        "identified",
        "deceased",
    ]
    for column in texts:
        frame[column] = pd.Series(None, index=frame.index, dtype="str")
    frame["arrested_on"] = pd.Series(None, index=frame.index, dtype="datetime64[s]")
    return frame.drop(columns="slice")


def readings(cocad: pd.DataFrame) -> pd.DataFrame:
    """Each crime read by the same two readers, who agree."""
    answers = cocad[["force", "crime_reference", "criterion", "committed_by_children"]].assign(
        version="v",
        read_at="2023-08-01T10:00:00Z",
        group_based="yes",
        network_definition="no",
        confidence="high",
        is_standing=True,
        checks=pd.Series(None, index=cocad.index, dtype="str"),
    )
    return pd.concat(
        [
            answers.assign(role="first", reader="reader-01"),
            answers.assign(role="second", reader="reader-02"),
        ],
        ignore_index=True,
    )


def write(connection) -> None:
    """Create the tables below the marts in a DuckDB connection."""
    cpai, cocad = crimes()
    tables = {
        "cpai.cpai_crimes": cpai,
        "cpai.cpai_classified_crimes": cpai.assign(exclusion_reason=pd.Series(None, dtype="str")),
        "cocad.cocad_crimes": cocad.drop(columns="slice"),
        "cocad.cocad_candidates": cocad[["force", "quarter", "crime_reference", "suspect_rows"]].assign(
            reason="suspect_rows", reasons="suspect_rows", version="v"
        ),
        "cocad.cocad_settled_readings": cocad[
            ["force", "quarter", "crime_reference", "criterion", "committed_by_children"]
        ].assign(version="v", settled_by="agreement", group_based="yes", network_definition="no"),
        "intermediate.int_readings": readings(cocad),
        "cocad.cocad_unread": cocad[["force", "quarter", "crime_reference"]]
        .assign(waits_for="reader")
        .head(0),
        "quality.balance": pd.DataFrame(
            [
                {"force": force, "quarter": quarter, "record_type": "crimes", "rejected": 0}
                for force in FORCES
                for quarter in CPAI
            ]
        ),
        "quality.rule_results": pd.DataFrame(
            {"rule": "CR15", "force": "kent", "quarter": list(CPAI), "tested": 40, "failed": [1, 2, 1, 9]}
        ).assign(also_reported=0, waived=0, rate=0.1, verdict="within_tolerance"),
        "quality.restatements": pd.DataFrame(
            {"cause": ["first_received", "cancelled_later"], "effect": [1, -1], "crimes": [30, 2]}
        ).assign(force="kent", quarter="2023-Q1"),
        # all of it is made
        "cocad.cocad_reach": pd.DataFrame({"quarter": list(CPAI)}),
        "intermediate.int_submissions": pd.DataFrame(
            [
                {
                    "force": force,
                    "quarter": quarter,
                    "submission": 1,
                    "status": "accepted",
                    "is_current": True,
                    "received_at": "2024-01-15T09:00:00+00:00",
                }
                for force in FORCES
                for quarter in CPAI
            ]
        ),
    }
    for unit, sizes, attributes in (
        ("victim", VICTIMS, VICTIM_ATTRIBUTES),
        ("suspect", SUSPECTS, SUSPECT_ATTRIBUTES),
    ):
        frame = persons(cocad, sizes, attributes, unit)
        tables[f"cocad.cocad_{unit}s"] = frame
        tables[f"cpai.cpai_{unit}s"] = frame
    for name, frame in tables.items():
        connection.execute(f"create schema if not exists {name.split('.')[0]}")
        connection.register("frame", frame)
        # pandas has no day without an hour
        days = [f"cast({day} as date) as {day}" for day in ("arrested_on", "outcome_on") if day in frame]
        replaced = f"replace ({', '.join(days)})" if days else ""
        connection.execute(f"create or replace table {name} as select * {replaced} from frame")
        connection.unregister("frame")
