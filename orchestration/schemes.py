"""The schemes of criteria, in Python: what readers may choose, and which scheme is in force. SQL has
`cocad_scheme_criteria`; both read `seeds/criteria.csv`, and a scheme is added there."""

from functools import cache

from orchestration.home import seed_rows

CHILDREN = "committed_by_children"


@cache
def _rows() -> list[dict[str, str]]:
    return sorted(seed_rows("criteria.csv"), key=lambda row: (row["from_quarter"], int(row["sort_order"])))


@cache
def all_schemes() -> list[str]:
    """Names of the schemes, the first one first."""
    return list(dict.fromkeys(row["scheme"] for row in _rows()))


def first() -> str:
    """The scheme that every figure but the split by criterion stands under."""
    return all_schemes()[0]


def in_force(period: str) -> str:
    """The scheme in force in a quarter, or in the first quarter of a year."""
    quarter = period if "Q" in period else f"{period}-Q1"
    return next((row["scheme"] for row in reversed(_rows()) if row["from_quarter"] <= quarter), first())


def criteria(scheme: str) -> list[dict[str, str]]:
    """The seed's rows of that scheme, in order."""
    return [row for row in _rows() if row["scheme"] == scheme]


def chosen_from(scheme: str) -> list[dict[str, str]]:
    """Those of them that a reader chooses from."""
    return [row for row in criteria(scheme) if row["criterion"] != CHILDREN]


@cache
def ever_chosen() -> dict[str, dict[str, str]]:
    """Every criterion that a reader may ever choose, with its row in the first scheme that has it."""
    found: dict[str, dict[str, str]] = {}
    for row in _rows():
        if row["criterion"] != CHILDREN:
            found.setdefault(row["criterion"], row)
    return found


def of_criterion(criterion: str) -> str:
    """The scheme that the figures of one criterion stand under: the first that has it. `all` and the two readings of
    committed by children stand under the first."""
    row = ever_chosen().get(criterion)
    return row["scheme"] if row else first()


def counts_as(criterion: str) -> str:
    """What a criterion that a later scheme added counts as under one without it; blank for those of the first."""
    row = ever_chosen().get(criterion)
    return row["counts_as"] if row else ""


def question(scheme: str) -> str:
    """The question's name in the tables of agreement: `criterion` of the first scheme, `criterion_2024`."""
    return "criterion" if scheme == first() else f"criterion_{scheme}"


def children_collected_from() -> str:
    """The first quarter in which it was asked whether children committed a crime."""
    return min(row["children_collected_from"] for row in _rows())
