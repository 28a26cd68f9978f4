"""What the receipts in the ledger say of a quarter: which force's return stands, which was refused, which is missing."""

import csv

from sqlalchemy import select

from orchestration.home import SEEDS, Home
from orchestration.ledger import open_ledger, read_submissions, submissions


def expected(quarter: str) -> list[str]:
    """The forces that owe a return for `quarter`, from the seed, never from what came."""
    with (SEEDS / "forces.csv").open(encoding="utf-8") as handle:
        return [
            row["force"]
            for row in csv.DictReader(handle)
            if row["from_quarter"] <= quarter and (not row["to_quarter"] or quarter <= row["to_quarter"])
        ]


def standing(home: Home, quarter: str) -> dict[str, list[str]]:
    """Forces by how their return stands: `received`, `nil`, `missing`; and `refused`, whose latest delivery was.

    A force whose latest delivery was refused may still be `received`: its last accepted submission stands.
    `deliveries` and `refused_deliveries` are every submission's force; `reasons` a sentence for each problem
    of the forces refused.
    """
    rows = read_submissions(open_ledger(home), quarter)
    latest = {row["force"]: row for row in rows}
    stands = {row["force"]: row["status"] for row in rows if row["status"] != "refused"}
    owed = expected(quarter)
    refused = sorted(force for force, row in latest.items() if row["status"] == "refused")
    return {
        "received": [force for force in owed if stands.get(force, "nil") != "nil"],
        "nil": [force for force in owed if stands.get(force) == "nil"],
        "refused": refused,
        "deliveries": [row["force"] for row in rows],
        "refused_deliveries": [row["force"] for row in rows if row["status"] == "refused"],
        "missing": [force for force in owed if force not in stands],
        "reasons": [f"{force}: {reason}" for force in refused for reason in latest[force]["reasons"]],
    }


def quarters_known(home: Home) -> list[str]:
    """Every quarter that has a receipt, in order."""
    with open_ledger(home).connect() as connection:
        return list(
            connection.scalars(select(submissions.c.quarter).distinct().order_by(submissions.c.quarter))
        )
