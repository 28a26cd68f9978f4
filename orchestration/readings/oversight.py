"""What lead and auditor see of the readings beside their progress and agreement: no answer, and not the case itself."""

from typing import Any

from sqlalchemy import Engine, and_, select

from orchestration.ledger.tables import items, reading_events, reading_slots, readings, worklist
from orchestration.readings import worklist as making
from orchestration.readings.desk import KEY, DeskRefused
from orchestration.readings.policy import differences


def history(engine: Engine, item: int) -> dict[str, Any]:
    """All that happened to an item, for lead and auditor: its slots, readings and events in order. Raises DeskRefused."""
    with engine.connect() as connection:
        found = connection.execute(select(items).where(items.c.item == item)).mappings().one_or_none()
        if found is None:
            raise DeskRefused("there is no such item")
        same = [readings.c[name] == found[name] for name in KEY]
        slots, events = reading_slots.c, reading_events.c
        lists = {
            "slots": select(reading_slots).where(slots.item == item).order_by(slots.slot),
            "readings": select(readings).where(*same).order_by(readings.c.reading_id),
            "events": select(reading_events).where(events.item == item).order_by(events.event),
        }
        state = connection.scalar(select(worklist.c.state).where(worklist.c.item == item))
        listed = {
            name: [dict(row) for row in connection.execute(statement).mappings()]
            for name, statement in lists.items()
        }
        return {**found, "state": state, **listed}


def disagreements(engine: Engine, quarter: str | None = None) -> list[dict[str, Any]]:
    """The items that wait for an adjudicator, and on what their two readers differ; no answer is in it."""
    chosen = worklist.c.state == "adjudicator"
    if quarter:
        chosen = and_(chosen, worklist.c.quarter == quarter)
    shown = [worklist.c[name] for name in ("item", "quarter", "force", "crime_reference")]
    with engine.connect() as connection:
        by_item = making.standing(connection, chosen)
        return [
            {**row, "differ_on": differences(by_item[row["item"]]["first"], by_item[row["item"]]["second"])}
            for row in connection.execute(select(*shown).where(chosen).order_by(worklist.c.item)).mappings()
        ]
