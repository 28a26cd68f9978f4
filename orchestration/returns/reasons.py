"""Why a return was refused: a sentence for the force under a code of `seeds/return_checks.csv`."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.printing import printable


@dataclass(frozen=True)
class Reason:
    """`str(Reason("FL07", "crimes.xlsx: is encrypted; …"))` is `FL07 crimes.xlsx: is encrypted; …`.

    The sentence says what is wrong, where, and what to do next; never what a record holds.
    """

    code: str
    sentence: str

    def __post_init__(self) -> None:
        # names of files and headings come as the force wrote them, and go into the ledger, packs, logs and Dagster
        object.__setattr__(self, "sentence", printable(self.sentence, lines=False))

    def __str__(self) -> str:
        return f"{self.code} {self.sentence}"


class Unreadable(Exception):
    """A delivery that cannot be taken: one reason for each problem."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(" ".join(map(str, reasons)))
        self.reasons = list(reasons)

    def __reduce__(self) -> tuple:
        # met in a process that reads ahead, told in the one that judges
        return Unreadable, tuple(self.reasons)


def unreadable(code: str, sentence: str) -> Unreadable:
    """The exception for one reason alone."""
    return Unreadable(Reason(code, sentence))
