"""What a build makes again of a few models, to the last name: of each kind of node one, and of each way from one to another."""

from types import SimpleNamespace

import pytest

from orchestration.warehouse.selection import OF_THIS_BUILD, Selection, of_change

# by name: its kind and what it reads; a test is named for the node that it is about
NODES = {
    "codes": ("seed", []),
    "staged": ("view", ["source.cpai.raw.crimes"]),
    "asked_first": (OF_THIS_BUILD, ["staged"]),
    "asked": (OF_THIS_BUILD, ["asked_first"]),
    "step": ("ephemeral", ["staged", "codes", "asked"]),
    "records": ("incremental", ["step"]),
    "shown": ("view", ["records"]),
    "read": ("table", ["shown", "source.cpai.raw.readings"]),
    "seen": ("view", ["read"]),
    "slots": ("table", ["source.cpai.raw.reading_slots"]),
    "listed": ("table", ["codes"]),
    "dated": ("table", ["listed"]),
    **{
        f"t_{name}": ("test", [name])
        for name in ("codes", "asked", "step", "records", "shown", "listed", "dated")
    },
}


def key(name: str) -> str:
    return name if name.startswith("source.") else f"node.{name}"


def node(name: str, kind: str, reads: list[str]) -> SimpleNamespace:
    made = SimpleNamespace(
        name=name,
        resource_type=kind if kind in {"seed", "test"} else "model",
        config=SimpleNamespace(materialized="table" if kind == OF_THIS_BUILD else kind),
        tags=[kind] if kind == OF_THIS_BUILD else [],
        raw_code="select current_date" if name == "dated" else "select 1",
        depends_on=SimpleNamespace(nodes=[key(one) for one in reads]),
    )
    if kind == "seed":
        made.depends_on = SimpleNamespace(macros=[])
    return made


def selected(names: str, anew: str, stand: dict[str, str], has_readings: bool) -> Selection:
    return Selection(
        sorted(names.split()),
        sorted(anew.split()),
        {key(name): {key(one) for one in read.split()} for name, read in stand.items()},
        has_readings,
    )


BY_DATA = "asked_first asked records read slots t_asked t_step t_records t_shown"
# by what is asked: models, whether all stand, and what is changed
CASES = {
    "data": (
        *(None, False, []),
        selected(
            f"{BY_DATA} dated t_dated",
            "",
            {"codes": "", "staged": "", "shown": "records", "seen": "read", "listed": "codes"},
            has_readings=True,
        ),
    ),
    "two models": (
        *(["listed", "read", "slots"], False, []),
        selected("read slots", "", {"listed": ""}, has_readings=True),
    ),
    "a model without the slots of readings": (
        *(["read"], False, []),
        selected("read", "", {}, has_readings=False),
    ),
    "the slots of readings without readings": (
        *(["slots"], False, []),
        selected("slots", "", {}, has_readings=False),
    ),
    "a model without what readings change": (
        *(["records", "step"], False, []),
        selected("records t_records t_shown", "", {}, has_readings=False),
    ),
    "models that stand": (
        *(["records", "shown", "read", "step", "staged"], True, []),
        selected(
            *("", ""),
            {"records": "staged", "shown": "records", "read": "shown", "staged": ""},
            has_readings=False,
        ),
    ),
    "a seed is changed": (
        *(None, False, ["codes"]),
        selected(
            "asked asked_first slots",
            "asked asked_first codes records shown read seen listed dated "
            "t_asked t_codes t_step t_records t_shown t_listed t_dated",
            {"staged": ""},
            has_readings=True,
        ),
    ),
    "a model beside the data is changed": (
        *(None, False, ["listed"]),
        selected(
            BY_DATA,
            "listed dated t_listed t_dated",
            {"codes": "", "staged": "", "shown": "records", "seen": "read"},
            has_readings=True,
        ),
    ),
    "a view is changed": (
        *(None, False, ["shown"]),
        selected(
            "asked_first asked records slots dated t_asked t_step t_records t_dated",
            "shown read seen t_shown",
            {"codes": "", "staged": "", "listed": "codes"},
            has_readings=True,
        ),
    ),
    "a test of what a build asks is changed": (
        *([], True, ["t_asked"]),
        selected("", "t_asked", {}, has_readings=False),
    ),
    "a test is changed, all else stands": (
        *(None, True, ["t_codes"]),
        selected(
            "",
            "t_codes",
            {
                **{"codes": "", "staged": "", "asked_first": "staged", "asked": "asked_first"},
                **{"records": "staged codes asked", "shown": "records", "read": "shown"},
                **{"seen": "read", "slots": ""},
                **{"listed": "codes", "dated": "listed"},
            },
            has_readings=False,
        ),
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_what_is_made_again(what):
    models, all_stand, changed, expected = CASES[what]
    nodes = {key(name): node(name, kind, reads) for name, (kind, reads) in NODES.items()}
    assert of_change(nodes, models, all_stand, {key(name) for name in changed}) == expected
