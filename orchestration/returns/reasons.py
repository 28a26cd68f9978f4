"""Why a return was refused: a sentence for the force under a code of `seeds/return_checks.csv`."""

from dataclasses import dataclass

from orchestration.printing import printable


@dataclass(frozen=True)
class Reason:
    """`str(Reason("FL07", "crimes.xlsx: is encrypted; …"))` is `FL07 crimes.xlsx: is encrypted; …`.

    The sentence has what is wrong, where, and what to do next; never what a record holds.
    """

    code: str
    sentence: str

    def __post_init__(self) -> None:
        # names of files and headings come as the force wrote them, and go into the ledger, packs, logs and Dagster
        object.__setattr__(self, "sentence", printable(self.sentence, lines=False))

    def __str__(self) -> str:
        return f"{self.code} {self.sentence}"


# A thousand files that no layout expects once gave a thousand sentences: the first 20 show what is wrong.
SHOWN = 20


def ended(sentences: list[str]) -> list[str]:
    """The first sentences of a long list, and how many more there are; a list that was ended stays as it is."""
    if len(sentences) <= SHOWN + 1:
        return sentences
    return [*sentences[:SHOWN], f"And {len(sentences) - SHOWN:,} more like these."]


def ended_reasons(reasons: list[Reason]) -> list[Reason]:
    """The same of reasons; the last is under the code of the first that it stands for."""
    if len(reasons) <= SHOWN + 1:
        return reasons
    return [
        *reasons[:SHOWN],
        Reason(reasons[SHOWN].code, ended([reason.sentence for reason in reasons])[-1]),
    ]


class Unreadable(Exception):
    """A delivery that cannot be taken: one reason for each problem, `SHOWN` of them where there are many."""

    def __init__(self, *reasons: Reason) -> None:
        self.reasons = ended_reasons(list(reasons))
        super().__init__(" ".join(map(str, self.reasons)))

    def __reduce__(self) -> tuple:
        # met in a process that reads ahead, logged in the one that checks
        return Unreadable, tuple(self.reasons)


def unreadable(code: str, sentence: str) -> Unreadable:
    """The exception for one reason alone."""
    return Unreadable(Reason(code, sentence))
