"""What the receipts in the ledger say of a quarter: which force's return stands, which was refused, which is missing."""

import csv
import json

from sqlalchemy import select

from orchestration.home import SEEDS, Home
from orchestration.ledger import open_ledger, submissions


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
    with open_ledger(home).connect() as connection:
        rows = connection.execute(
            select(submissions).where(submissions.c.quarter == quarter).order_by(submissions.c.submission)
        ).mappings()
        latest, stands, deliveries, turned_away = {}, {}, [], []
        for row in rows:
            latest[row["force"]] = row
            deliveries.append(row["force"])
            if row["status"] != "refused":
                stands[row["force"]] = row["status"]
            else:
                turned_away.append(row["force"])
    owed = expected(quarter)
    refused = sorted(force for force, row in latest.items() if row["status"] == "refused")
    return {
        "received": [force for force in owed if stands.get(force, "nil") != "nil"],
        "nil": [force for force in owed if stands.get(force) == "nil"],
        "refused": refused,
        "deliveries": deliveries,
        "refused_deliveries": turned_away,
        "missing": [force for force in owed if force not in stands],
        "reasons": [
            f"{force}: {reason}"
            for force in refused
            for reason in json.loads(latest[force]["reasons"] or "[]")
        ],
    }


def quarters_known(home: Home) -> list[str]:
    """Every quarter that has a receipt, in order."""
    with open_ledger(home).connect() as connection:
        return list(
            connection.scalars(select(submissions.c.quarter).distinct().order_by(submissions.c.quarter))
        )
