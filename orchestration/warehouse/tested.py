"""What dbt's tests hold of a table's rows: `sound_rows` (dbt_project/macros/sound_rows.sql), as dbt's manifest has it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

REF = re.compile(r"^ref\(.|.\)$")


@dataclass(frozen=True)
class Check:
    """One thing that holds of every row, named as dbt's own test; `of`: the values that are accepted, or the table (`to`) and
    its column (`field`) that has the value."""

    name: str
    columns: tuple[str, ...]
    of: Any = None

    def __str__(self) -> str:
        return f"{self.name} {', '.join(self.columns)}"

    def broken(self) -> str:
        """The columns, and what is said of them where it does not hold."""
        wrong = {"unique_key": "is that of another", "not_null": "is missing"}
        if self.name == "accepted_values":
            wrong[self.name] = f"is none of {', '.join(self.of)}"
        elif self.name == "relationships":
            wrong[self.name] = f"is no {self.of['field']} of {REF.sub('', self.of['to'])}"
        return f"{', '.join(self.columns)} {wrong[self.name]}"


def checks(test: Mapping[str, Any]) -> list[Check]:
    """What a test of dbt's manifest holds; nothing of one that is a query of its own."""
    about = test.get("test_metadata") or {}
    if about.get("name") != "sound_rows":
        return []
    given = about["kwargs"]
    return [
        *(Check("unique_key", tuple(columns)) for columns in [given.get("unique_key")] if columns),
        *(Check("not_null", (column,)) for column in given.get("not_null", [])),
        *(
            Check(name, (column,), of)
            for name in ("accepted_values", "relationships")
            for column, of in given.get(name, {}).items()
        ),
    ]


def checks_of(dbt: Mapping[str, Any], key: str) -> Iterator[Check]:
    """What all tests of a table hold, by its key in dbt's manifest."""
    for test in dbt["nodes"].values():
        if test.get("attached_node") == key:
            yield from checks(test)


def names(test: Mapping[str, Any]) -> list[str]:
    """What a test is shown as: each of its checks, or its own name."""
    return [str(check) for check in checks(test)] or [test["name"]]
