"""What Dagster shows of each return: a partition of its own, and one check on what stands in the whole home.

Its event store keeps what it is told for years: codes of checks and what they ask, never a name of a file or a heading.
"""

from datetime import datetime
from typing import Any

import dagster as dg

from orchestration import outbox, quarters
from orchestration.home import Home
from orchestration.returns.receipts import Place, Return
from orchestration.showing import link, table
from orchestration.verdicts import told


def metadata(home: Home, row: dict[str, Any]) -> dict[str, Any]:
    """One submission as a partition shows it."""
    came = datetime.fromisoformat(row["received_at"]).date()
    pack = home.root / "packs" / row["quarter"] / f"{row['force']}.{row['submission']}" / "index.html"
    return {
        "submission": str(row["submission"]),  # as text: Dagster plots every number
        "status": row["status"],
        "layout": row["layout"] or "none",
        "received": row["received_at"],
        "days late": max(0, (came - quarters.due(row["quarter"])).days),
        **{kind: row[kind] for kind in ("crimes", "victims", "suspects")},
        "reasons": dg.MetadataValue.md("\n".join(f"- {told(reason)}" for reason in row["reasons"]) or "none"),
        "pack": link(pack),
    } | ({"said": "by name, in the ledger"} if row["said"] else {})


def check(home: Home, returns: dict[Place, Return], not_read: list[str]) -> dg.AssetCheckResult:
    """Of everything that stands, not only of what is new: a later run turns no refusal green."""
    refused = [one for one in returns.values() if one.refused]
    return dg.AssetCheckResult(
        asset_key="returns",
        check_name="accepted",
        passed=not (refused or not_read),
        severity=dg.AssetCheckSeverity.WARN,  # the others go on, and the last accepted submission stands
        description=f"{len(refused)} of {len(returns)} returns stand refused; {len(not_read)} not read in landing/",
        metadata={
            "refused": table(_rows(home, refused), COLUMNS),
            "not read": table([{"sentence": sentence} for sentence in not_read], ["sentence"]),
        },
    )


COLUMNS = ("quarter", "force", "submission", "why", "stands instead", "pack")


def _rows(home: Home, refused: list[Return]) -> list[dict[str, Any]]:
    return [
        {
            "quarter": one.latest["quarter"],
            "force": one.latest["force"],
            "submission": one.latest["submission"],
            "why": " ".join(f"{told(reason)}." for reason in one.latest["reasons"]),
            "stands instead": f"submission {one.stands['submission']}" if one.stands else "nothing",
            "pack": metadata(home, one.latest)["pack"].value,
        }
        for one in refused
    ]


def failure(home: Home, refused: dict[Place, Return]) -> dg.Failure:
    """What a run fails with of which nothing that was asked for stands."""
    rows = list(refused.values())
    more = {"refused": table(_rows(home, rows), COLUMNS)} if len(rows) > 1 else metadata(home, rows[0].latest)
    return dg.Failure(
        "\n".join(one.told for one in rows),
        metadata=more | {outbox.NOTED: "refusal"},
        allow_retries=False,
    )
