"""What the page on readers' agreement shows, from the release's own tables."""

from collections import Counter
from functools import partial

from orchestration import in_print, schemes
from orchestration.home import seed_rows
from orchestration.readings.agreement import QUESTIONS
from orchestration.statements import Connection, rows_of

ORDER = [schemes.CHILDREN, *schemes.ever_chosen()]
RULES = {row["rule"]: row["sentence"] for row in seed_rows("codebook_rules.csv")}
ORDER += ["yes", "no", "cannot_tell", "not_recorded", "not_asked"]


def read(connection: Connection, period: str) -> dict:
    """The page's values; `connection` has the release's tables attached as `target`, `period` is the release's."""
    rows = partial(rows_of, connection)
    confusion = rows(
        "select pairing, question, left_answer, right_answer, crimes::bigint as crimes "
        "from target.main.reading_confusion where period = ? and slice_type = 'all'",
        [period],
    )
    moved = rows(
        "select crosswalk, from_category as left_answer, to_category as right_answer, sum(crimes)::bigint as crimes, "
        "bool_or(status = 'withheld') as withheld from target.main.crosswalks group by all"
    )
    return {
        "policy": {row["setting"]: row["value"] for row in seed_rows("agreement_policy.csv")},
        **_measured(rows("select * from target.main.reading_agreement order by all"), period),
        "drift": rows("select * from target.main.reader_drift order by reader, read_quarter"),
        "readers_criterion": _matrix(_folded(_of(confusion, "readers", "criterion"))),
        "readers_group_based": _matrix(_folded(_of(confusion, "readers", "group_based"))),
        "flags": [
            (QUESTIONS[question], _matrix(_of(confusion, "force_flag", question)))
            for question in ("cse", "committed_by_children")
        ],
        "schemes": _matrix([row for row in moved if row["crosswalk"] == "criterion"]),
        "schemes_withheld": any(row["withheld"] for row in moved),
        "definitions": rows(
            "select quarter, sum(crimes)::bigint as read, "
            "coalesce(sum(crimes) filter (where from_category = 'yes'), 0)::bigint as working_rule, "
            "coalesce(sum(crimes) filter (where to_category = 'yes'), 0)::bigint as inquiry, "
            "coalesce(sum(crimes) filter (where from_category = 'yes' and to_category = 'yes'), 0)::bigint as both "
            "from target.main.crosswalks where crosswalk = 'group_based' group by quarter order by quarter"
        ),
        "recall": [
            _recall(row) for row in rows("select * from target.main.recall_estimates order by quarter")
        ],
    }


def _measured(measured: list[dict], period: str) -> dict:
    """Agreement of readers and with gold: of all, by criterion, by force and pair of readers."""
    for row in measured:
        row["asked"] = QUESTIONS[row["question"]]
        row["alpha_shown"] = _shown(row, "alpha")
        row["ac1_shown"] = _shown(row, "ac1")
    readers = [row for row in measured if row["pairing"] == "readers"]
    of_all = [row for row in readers if row["slice_type"] == "all"]
    sliced = sorted(
        (row for row in readers if row["period"] == period and row["slice_type"] != "all"),
        key=lambda row: (row["slice"], list(QUESTIONS).index(row["question"])),
    )
    return {
        "overall": sorted(
            (row for row in of_all if row["category"] == "all"),
            key=lambda row: (row["period"], list(QUESTIONS).index(row["question"])),
        ),
        "by_criterion": [row for row in of_all if row["period"] == period and row["category"] != "all"],
        "by_force": [row for row in sliced if row["slice_type"] == "force" and row["alpha"] is not None],
        "by_readers": [row for row in sliced if row["slice_type"] == "readers" and row["alpha"] is not None],
        "few": {
            slice_type: sum(
                row["slice_type"] == slice_type and row["question"] == "group_based" and row["alpha"] is None
                for row in sliced
            )
            for slice_type in ("force", "readers")
        },
        "gold": [
            row
            for row in measured
            if (row["pairing"], row["slice_type"], row["category"], row["period"])
            == ("gold", "all", "all", period)
        ],
    }


def against(connection: Connection) -> list[dict]:
    """Readings kept against the codebook, by rule, from a release that has them."""
    return [
        row | {"sentence": RULES.get(row["rule"], "Kept against no rule.")}
        for row in rows_of(
            connection,
            "select rule, sum(readings)::bigint as readings, sum(pairs)::bigint as pairs, "
            "sum(agreed)::bigint as agreed from target.main.reading_checks group by rule order by rule",
        )
    ]


def _recall(row: dict) -> dict:
    """The estimate in words, and what share of all group-based crimes was found: most where fewest were missed."""

    def found(missed: int) -> str:
        return in_print.share(row["cocad"], row["cocad"] + missed) or "unknown"

    if row["missed"] is None:
        return row | {"missed_shown": "not read yet", "found_shown": "unknown"}
    low, high = row["missed_low"], row["missed_high"]
    return row | {
        "missed_shown": f"{in_print.count(row['missed'])} ({in_print.count(low)} to {in_print.count(high)})",
        "found_shown": f"{found(row['missed'])} ({found(high)} to {found(low)})",
    }


def _of(confusion: list[dict], pairing: str, question: str) -> list[dict]:
    return [row for row in confusion if (row["pairing"], row["question"]) == (pairing, question)]


def _folded(cells: list[dict]) -> list[dict]:
    """Which of two readers gave which answer has no meaning: both orders of an answer pair in one cell."""
    folded: Counter[tuple[str, str]] = Counter()
    for cell in cells:
        left, right = sorted((cell["left_answer"], cell["right_answer"]), key=ORDER.index)
        folded[left, right] += cell["crimes"]
    return [{"left_answer": left, "right_answer": right, "crimes": n} for (left, right), n in folded.items()]


def _matrix(cells: list[dict]) -> dict:
    """Answers across and down in the order of the codebook, with the crimes of each pair; None where there are none."""
    counts = {(cell["left_answer"], cell["right_answer"]): cell["crimes"] for cell in cells}
    across = sorted({right for _, right in counts}, key=ORDER.index)
    down = sorted({left for left, _ in counts}, key=ORDER.index)
    return {
        "across": across,
        "rows": [
            {"answer": left, "crimes": [counts.get((left, right), 0) for right in across]} for left in down
        ],
    }


def _shown(row: dict, statistic: str) -> str:
    """`0.94 (0.92 to 0.96)`."""
    if row[statistic] is None:
        return "not measured"
    text, low, high = (row[f"{statistic}{end}"] for end in ("", "_low", "_high"))
    if low is None:
        return in_print.statistic(text)
    return f"{in_print.statistic(text)} ({in_print.statistic(low)} to {in_print.statistic(high)})"
