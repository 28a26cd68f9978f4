"""What a figure counts, in words: those of its own category, and of no other figure."""

from collections import defaultdict

import duckdb
import pytest
from small_home import Gate, change, name_figures

from orchestration.home import seed_rows
from orchestration.releases import figures
from orchestration.releases.explain import explain
from orchestration.releases.publish import publish


def every_figure() -> list[dict]:
    """Each figure that the seeds ask for, and those that are printed twice: more than any one year holds."""
    sliced = {
        "all": [],
        "read": [row["criterion"] for row in seed_rows("criteria.csv") if row["scheme"] == "2023"],
    }
    sliced["every"] = [*sliced["read"], "committed_by_children", "committed_by_children_any"]
    categories = defaultdict(list)
    for row in seed_rows("breakdown_categories.csv"):
        categories[row["unit"], row["breakdown"]].append((row["scheme"], row["category"]))
    for quarter in ("2023-Q1", "2023-Q2"):
        categories["crime", "quarter"].append(("2023", quarter))
    for month in ("2023-01", "2023-02"):
        categories["crime", "month"].append(("2023", month))
    found = [
        {name: row[name] for name in ("population", "unit", "breakdown")}
        | {"criterion": criterion, "scheme": scheme, "category": category}
        for row in seed_rows("breakdowns.csv")
        for criterion in ("all", *sliced[row["criteria"]])
        for scheme, category in categories[row["unit"], row["breakdown"]]
    ]
    return found + [row | {"scheme": "2023"} for row in seed_rows("figure_definitions.csv") if row["repeats"]]


def test_no_two_figures_of_a_scheme_share_their_words():
    words = defaultdict(list)
    for figure in every_figure():
        words[figure["scheme"], figures.label(figure)].append(figure)
    shared = {text: figures for text, figures in words.items() if len(figures) > 1}
    assert len(words) > 300 and shared == {}


@pytest.mark.parametrize("breakdown", sorted({row["breakdown"] for row in seed_rows("breakdowns.csv")}))
def test_the_words_are_those_of_the_category(breakdown):
    counted = figures.COUNTED[breakdown]  # every breakdown has words of its own
    if set(counted) == {""}:
        return
    categories = {row["category"] for row in every_figure() if row["breakdown"] == breakdown}
    assert set(counted) == categories
    # what is not known is labelled so
    assert all(" not " in text for category, text in counted.items() if category in ("no", "unknown"))
    assert not any(" not " in text for category, text in counted.items() if category == "yes")


def test_release_views_and_explain_say_the_same_words(home):
    """Regression: all figures of what is not recorded were labelled recorded."""
    change(
        home,
        "insert into marts.figures by name select * replace ('suspect' as unit, 'cocad' as population, "
        "'age_recorded' as breakdown, unnest(['yes', 'no']) as category, "
        "'cocad.all.suspect.age_recorded.' || unnest(['yes', 'no']) as figure_id) "
        "from marts.figures where figure_id = 'criterion.cse'",
    )
    with duckdb.connect(str(home.warehouse)) as warehouse:
        name_figures(warehouse)
    path = publish(home, "2023", Gate()).path
    with duckdb.connect(str(path / "marts.duckdb"), read_only=True) as marts:
        for table in ("dim_figure", "release_figures"):
            found = marts.execute(f"select distinct figure_id, counts from {table}").fetchall()
            assert len({words for _, words in found}) == len(found) == 6
            words = dict(found)
            for figure_id, text in found:
                assert explain(home, figure_id)["counts"] == text
            assert words["cocad.all.suspect.age_recorded.no"] == (
                "Suspects on COCAD crimes whose age at the offence is not known"
            )
            assert "is known" in words["cocad.all.suspect.age_recorded.yes"]
