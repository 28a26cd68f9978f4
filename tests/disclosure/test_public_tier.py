"""The public tier: what is printed stands the attack, of itself and beside every tier that is out."""

import csv
import dataclasses
import itertools
import json
import random
import shutil
from collections import Counter
from functools import partial

import duckdb
import pytest

from orchestration.home import seed_rows
from orchestration.releases.disclosure import audit, cells, earlier, pattern, policy, public, rounding

REGIONS = {
    "kent": "South East",
    "sussex": "South East",
    "surrey": "South East",
    "essex": "Eastern",
    "suffolk": "Eastern",
}
CRITERIA = ["cse", "familial", "institutional", "ritualistic", "other", "unknown"]
PLACES = [("national", "England and Wales", set(REGIONS))]
PLACES += [
    ("region", region, {f for f, r in REGIONS.items() if r == region}) for region in set(REGIONS.values())
]
PLACES += [("force", force, {force}) for force in REGIONS]
QUARTERS = [f"2023-Q{n}" for n in range(1, 5)]
PERIODS = [("year", "2023", set(QUARTERS)), *(("quarter", quarter, {quarter}) for quarter in QUARTERS)]
NAMES = audit.COLUMNS


def crimes_of(draw):
    """COCAD crimes by force, quarter and criterion, with suspects by gender."""
    return {
        key: (many := draw.choice([0, 0, 1, 2, 3, 6, 11]), draw.randint(0, many))
        for key in itertools.product(REGIONS, QUARTERS, CRITERIA)
    }


def figures_of(crimes):
    """Rows of marts.figures: total, split by criterion, and suspects by gender, everywhere."""
    rows = []

    def add(at, unit, criterion, breakdown, category, numerator, denominator=None):
        if denominator == 0 and at[::2] != ("national", "year"):
            return  # as the mart: no percentage of none
        name = f"cocad.{criterion}.{unit}.{breakdown}.{category}"
        percent = None if not denominator else (200 * numerator + denominator) // (2 * denominator)
        rounding = None if denominator is None else "largest_remainder"
        rows.append((name, unit, "cocad", criterion, breakdown, category, *at, numerator, denominator, percent,
                     rounding, "2023", "published"))  # fmt: skip

    for place_type, place, forces in PLACES:
        for period_type, period, quarters in PERIODS:
            at = (place_type, place, period_type, period)
            inside = {key: n for key, n in crimes.items() if key[0] in forces and key[1] in quarters}
            total = sum(many for many, _ in inside.values())
            female = sum(women for _, women in inside.values())
            add(at, "crime", "all", "total", "all", total)
            for criterion in CRITERIA:
                many = sum(many for key, (many, _) in inside.items() if key[2] == criterion)
                add(at, "crime", "all", "criterion", criterion, many, total)
            add(at, "suspect", "all", "gender_recorded", "yes", total, total)
            add(at, "suspect", "all", "gender_recorded", "no", 0, total)
            add(at, "suspect", "all", "gender", "female", female, total)
            add(at, "suspect", "all", "gender", "male", total - female, total)
    return rows


def write_release(folder, crimes, created_at="2024-01-01"):
    """A release's marts.duckdb, with what the public tier reads of it."""
    folder.mkdir(parents=True)
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows(figures_of(crimes))
    kinds = {"numerator": "bigint", "denominator": "bigint", "percent": "decimal(4, 1)"}
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(
            "create table figures as select * from read_csv(?, header = false, columns = ?)",
            [str(folder / "rows.csv"), {name: kinds.get(name, "varchar") for name in NAMES}],
        )
        connection.execute("create table dim_force (force varchar, region varchar)")
        connection.executemany("insert into dim_force values (?, ?)", list(REGIONS.items()))
    (folder / "manifest.json").write_text(json.dumps({"created_at": created_at}))


def disclose(folder, releases):
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / 'marts.duckdb'}' as target (read_only)")
        return public.write(connection, folder / "public", releases)


def printed(folder):
    with (folder / "public" / "figures.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def rewrite(folder, rows):
    with (folder / "public" / "figures.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, NAMES, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def true_rows(crimes):
    rows = [dict(zip(NAMES, row, strict=True)) for row in figures_of(crimes)]
    return {(row["figure_id"], row["place"], row["period"]): row for row in rows}


def widths_of(folder, crimes):
    """What each hidden cell of a written tier must keep, from the true counts."""
    counts = audit.cells_of(true_rows(crimes).values()).counts
    read = audit.cells_of(audit.read_printed(folder / "public" / "figures.csv"))
    rules = policy.read()
    return {
        cell: rules.width if 0 < counts[cell] < rules.threshold else 1
        for cell, count in read.counts.items()
        if count is None
    }


@pytest.fixture
def crimes():
    return crimes_of(random.Random(1))


@pytest.fixture
def tier(tmp_path, crimes):
    write_release(tmp_path / "2023.r1", crimes)
    disclose(tmp_path / "2023.r1", tmp_path)
    return tmp_path / "2023.r1"


def test_what_is_printed_is_true_and_small_counts_are_not_printed(tier, crimes):
    true, hidden, shown = true_rows(crimes), 0, 0
    for row in printed(tier):
        truth = true[row["figure_id"], row["place"], row["period"]]
        hidden += row["numerator"] == "[c]"
        shown += row["numerator"] != "[c]"
        assert row["numerator"] in ("[c]", str(truth["numerator"]))
        if row["breakdown"] != "gender_recorded":
            assert row["numerator"] == "[c]" or not 0 < truth["numerator"] < 5
        if "[c]" in (row["numerator"], row["denominator"]):
            assert row["percent"] == "[c]" and row["status"] == "hidden"
        if truth["denominator"] is None:
            assert row["denominator"] == row["percent"] == "[z]"
    assert hidden > 8 and shown > 50
    statement = json.loads((tier / "public" / "disclosure.json").read_text())
    assert statement["hidden"] == sum(statement["hidden_by"].values())
    assert statement["audit"]["narrowest_interval"] >= 1


def test_the_statement_does_not_tell_which_hidden_counts_are_small(tier):
    """Where all that is hidden of a place and period is below the threshold, saying so leaves an interval of three."""
    statement = json.loads((tier / "public" / "disclosure.json").read_text())
    read = audit.cells_of(audit.read_printed(tier / "public" / "figures.csv"))
    at = Counter((cell.place_type, cell.period_type) for cell, count in read.counts.items() if count is None)
    told = {
        (row.pop("place_type"), row.pop("period_type")): (row.pop("cells"), row.pop("hidden"), row)
        for row in statement["hidden_at"]
    }
    # nothing that cannot be counted in the table itself
    assert {level: hidden for level, (_, hidden, _) in told.items() if hidden} == at
    assert all(not more for _, _, more in told.values())
    assert statement["hidden"] == at.total()
    kent, essex = (cell for cell in list(read.counts)[:2])
    few = audit.Hidden({kent: "threshold"}, frozenset([essex]), {}, 0)
    assert public._reasons(few, policy.read()) == {"any_reason": 2}


def test_an_erratum_of_a_hidden_count_is_not_told_to_the_public(tier):
    rows = printed(tier)
    hidden, shown = (
        next(row for row in rows if (row["numerator"] == "[c]") == is_hidden and row["place_type"] == "force")
        for is_hidden in (True, False)
    )
    errata = [
        {
            "figure_id": row["figure_id"],
            "place": row["place"],
            "period": row["period"],
            "reason": "counted twice",
        }
        for row in (hidden, shown)
    ]
    names = ("release", "period", "kind", "status", "planned_on", "created_at")
    public.write_statement(tier / "public", dict.fromkeys(names, "") | {"errata": errata})
    assert json.loads((tier / "public" / "statement.json").read_text())["errata"] == errata[1:]


def test_the_same_release_gives_the_same_bytes(tmp_path, crimes):
    for name in ("once", "again"):
        write_release(tmp_path / name / "2023.r1", crimes)
        disclose(tmp_path / name / "2023.r1", tmp_path / name)
    for file in ("figures.csv", "disclosure.json"):
        once, again = (tmp_path / name / "2023.r1" / "public" / file for name in ("once", "again"))
        assert once.read_bytes() == again.read_bytes()


def test_publishing_one_hidden_count_more_shuts_the_gate(tier, crimes):
    rows, true, widths = printed(tier), true_rows(crimes), widths_of(tier, crimes)
    audit.audit(tier / "public" / "figures.csv", REGIONS, widths)  # as written, it is safe
    shut = 0
    hidden = [row for row in rows if row["numerator"] == "[c]" and row["breakdown"] == "criterion"]
    for leak in hidden[:6]:
        cell = public.numerator(leak)
        truth = true[leak["figure_id"], leak["place"], leak["period"]]["numerator"]
        rewrite(tier, [row | {"numerator": truth} if row is leak else row for row in rows])
        with pytest.raises(audit.NotSafe) as refused:
            audit.audit(tier / "public" / "figures.csv", REGIONS, widths)
        assert "can be worked out" in refused.value.reasons[0] and cell.category
        shut += 1
    assert shut == 6


def test_a_percentage_of_a_hidden_count_shuts_the_gate(tier, crimes):
    rows, true = printed(tier), true_rows(crimes)
    widths = widths_of(tier, crimes)
    leak = next(row for row in rows if row["numerator"] == "[c]" and row["denominator"] not in ("[c]", "[z]"))
    percent = true[leak["figure_id"], leak["place"], leak["period"]]["percent"]
    rewrite(
        tier,
        [row | {"percent": percent, "percent_rounding": "half_up"} if row is leak else row for row in rows],
    )
    with pytest.raises(audit.NotSafe):
        audit.audit(tier / "public" / "figures.csv", REGIONS, widths)


def resubmitted(crimes, force, draw):
    new = crimes_of(draw)
    return {key: new[key] if key[0] == force else many for key, many in crimes.items()}


def test_two_releases_around_a_resubmission_give_nothing_back(tmp_path):
    """Chosen without the first, the second release often gives hidden cells back; chosen with it, never."""
    careless = 0
    for seed in range(4):
        draw = random.Random(seed)
        before, home = crimes_of(draw), tmp_path / str(seed)
        after = resubmitted(before, "kent", draw)
        write_release(home / "2023.r1", before, "2024-01-01")
        disclose(home / "2023.r1", home)
        first = public.read_earlier(home)
        wanted = widths_of(home / "2023.r1", before)

        write_release(home / "alone" / "2023.r2", after)
        disclose(home / "alone" / "2023.r2", home / "alone")
        truth = audit.cells_of(true_rows(after).values()).counts
        same = earlier.labels(truth, first)
        assert same["2023.r1", "kent"] == "2023.r1" and same["2023.r1", "essex"] == ""
        of_before = {
            cell._replace(release=same["2023.r1", cell.place]): width for cell, width in wanted.items()
        }
        try:
            audit.audit(
                home / "alone" / "2023.r2" / "public" / "figures.csv", REGIONS, of_before, first, same
            )
        except audit.NotSafe:
            careless += 1
        shutil.rmtree(home / "alone")

        write_release(home / "2023.r2", after, "2024-02-01")
        statement = disclose(home / "2023.r2", home)
        assert statement["earlier_releases"] == ["2023.r1"]
        both = of_before | widths_of(home / "2023.r2", after)
        audit.audit(home / "2023.r2" / "public" / "figures.csv", REGIONS, both, first, same)
    assert careless >= 2


def of_a_quarter(folder, year, quarter):
    """The release of a quarter alone, of the same figures."""
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(f"attach '{year / 'marts.duckdb'}' as year (read_only)")
        connection.execute(f"create table figures as from year.main.figures where period = '{quarter}'")
        connection.execute("create table dim_force as from year.main.dim_force")
    (folder / "manifest.json").write_text(json.dumps({"created_at": "2024-03-01"}))
    return folder


@pytest.mark.parametrize("method", ["hide", "round"])
def test_a_release_of_a_quarter_keeps_what_the_year_before_it_had_to_hide(
    tmp_path, crimes, monkeypatch, method
):
    """Regression: tables that today's release has not were taken for tables of nobody, so that the narrow cells of an earlier
    tier were not looked at, and others were moved in vain: after a national year no quarter of it could be published."""
    monkeypatch.setattr(
        policy, "read", partial(dataclasses.replace, policy.read(), rounded=method == "round")
    )
    write_release(tmp_path / "2023.r1", crimes)
    disclose(tmp_path / "2023.r1", tmp_path)
    (year,) = public.read_earlier(tmp_path)
    due = {
        cell
        for cell, count in year.counts.items()
        if cell.period_type == "year" and cell in year.judged and 0 < count < policy.read().threshold
    }
    attacked = []
    monkeypatch.setattr(
        audit.attack,
        "intervals",
        lambda tables, wanted, real=audit.attack.intervals: attacked.append(wanted) or real(tables, wanted),
    )
    disclose(of_a_quarter(tmp_path / "2023-Q1.r1", tmp_path / "2023.r1", "2023-Q1"), tmp_path)
    assert due and due <= attacked[-1].keys()
    if method == "hide":
        assert {attacked[-1][cell] for cell in due if year.printed.counts[cell] is None} == {
            policy.read().width
        }


def test_an_earlier_release_adds_up_by_the_regions_that_it_had(tmp_path, crimes):
    """Regression: its forces were summed to the regions of today, and a force that changed its region contradicted it."""
    write_release(tmp_path / "2023.r1", crimes)
    disclose(tmp_path / "2023.r1", tmp_path)
    first = public.read_earlier(tmp_path)
    same = {("2023.r1", place): "2023.r1" for _, place, _ in PLACES}
    today = dict.fromkeys(REGIONS, "One region")
    known = earlier.known(audit.cells_of([]), today, first, same, truth=True)
    of_regions = [one for one in known.sums if one.exhaustive and one.whole.place_type == "region"]
    assert any(part.place_type == "force" for one in of_regions for part in one.parts)
    assert all(sum(known.counts[part] for part in one.parts) == known.counts[one.whole] for one in of_regions)
    assert not any(one.whole.place == "One region" for one in known.sums)


def test_a_revision_without_another_figure_hides_the_same_without_a_search(tmp_path, crimes, monkeypatch):
    write_release(tmp_path / "2023.r1", crimes)
    disclose(tmp_path / "2023.r1", tmp_path)
    monkeypatch.setattr(pattern, "_search", None)
    write_release(tmp_path / "2023.r2", crimes, "2024-02-01")
    assert disclose(tmp_path / "2023.r2", tmp_path)["hidden"] > 0
    first, second = (tmp_path / name / "public" / "figures.csv" for name in ("2023.r1", "2023.r2"))
    assert first.read_bytes() == second.read_bytes()


def test_a_revision_without_another_figure_of_a_tier_that_gave_a_count_back_shuts_the_gate(tmp_path, crimes):
    write_release(tmp_path / "2023.r1", crimes)
    disclose(tmp_path / "2023.r1", tmp_path)
    rows = printed(tmp_path / "2023.r1")
    shown = true_rows(crimes)
    (row, *_) = [row for row in rows if row["numerator"] == "[c]"]
    true = shown[row["figure_id"], row["place"], row["period"]]
    row |= {"numerator": true["numerator"], "status": true["status"]}
    rewrite(tmp_path / "2023.r1", rows)
    write_release(tmp_path / "2023.r2", crimes, "2024-02-01")
    with pytest.raises(audit.NotSafe):
        disclose(tmp_path / "2023.r2", tmp_path)


def test_a_count_that_was_printed_before_is_counted_as_already_public(tmp_path, crimes):
    write_release(tmp_path / "2023.r1", crimes)
    disclose(tmp_path / "2023.r1", tmp_path)
    true = true_rows(crimes)
    # an old tier without any control
    rows = [
        {name: "[z]" if value is None and name in ("denominator", "percent") else value for name, value in
         true[row["figure_id"], row["place"], row["period"]].items()}
        for row in printed(tmp_path / "2023.r1")
    ]  # fmt: skip
    rewrite(tmp_path / "2023.r1", rows)
    write_release(tmp_path / "2023.r2", crimes, "2024-02-01")
    statement = disclose(tmp_path / "2023.r2", tmp_path)
    assert statement["hidden"] == 0 and statement["already_public"] > 3


def test_one_count_printed_twice_with_two_values_is_refused(crimes):
    rows = [dict(zip(NAMES, row, strict=True)) for row in figures_of(crimes)]
    wrong = next(row for row in rows if row["breakdown"] == "criterion")
    wrong["denominator"] += 1
    with pytest.raises(cells.Contradiction):
        audit.cells_of(rows)


RULES = policy.Policy(False, 5, False, 10, 0.8, 5, 1, {})


def test_the_rules_of_the_policy():
    from orchestration.releases.disclosure.relations import Sum

    counts = {"all": 8, "female": 8, "male": 0, "old": 4, "young": 4, "big": 40}
    group = [Sum("all", ("female", "male"))]
    assert policy.primary(RULES, counts, ["old", "big", "male"], []) == {"old": "threshold"}
    assert policy.primary(RULES, counts, counts, group) == {
        "old": "threshold",
        "young": "threshold",
        "female": "whole_group",
    }
    many = counts | {"all": 10, "female": 10}
    assert "female" not in policy.primary(RULES, many, counts, group), "ten are no small group"
    assert policy.primary(RULES, counts, ["big"], [], {"big": 32}) == {"big": "dominance"}
    assert policy.primary(RULES, counts, ["big"], [], {"big": 31}) == {}
    zeros = policy.Policy(False, 5, True, 10, 0.8, 5, 1, {})
    assert policy.primary(zeros, counts, ["male", "big"], []) == {"male": "zeros"}


def test_the_policy_speaks_of_tables_that_there_are():
    there = {(row["population"], row["unit"], row["breakdown"]) for row in seed_rows("breakdowns.csv")}
    rows = [
        (row["population"], row["unit"], row["breakdown"], row["scheme"], row["criteria"])
        for row in seed_rows("disclosure_tables.csv")
    ]
    assert {row[:3] for row in rows} <= there
    assert len(rows) == len(set(rows))
    assert policy.read().width > policy.read().width_of_others


def test_figures_that_readers_do_not_agree_on_stay_withheld_and_leave_their_sums_open(tmp_path, crimes):
    folder = tmp_path / "2023.r1"
    write_release(folder, crimes)
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(
            "update figures set status = 'withheld', numerator = null, denominator = null, percent = null "
            "where breakdown = 'criterion' and period = '2023-Q2'"
        )
    disclose(folder, tmp_path)
    withheld = [row for row in printed(folder) if row["status"] == "withheld"]
    assert len(withheld) == len(CRITERIA), "the nation's: a region's split has no quarters"
    for row in withheld:
        assert row["numerator"] == row["denominator"] == row["percent"] == "[u]"


@pytest.fixture
def rounded(monkeypatch):
    rules = dataclasses.replace(policy.read(), rounded=True)
    monkeypatch.setattr(policy, "read", lambda: rules)
    return rules


def small_cells(path, crimes, rules):
    """Of what a written tier shows, the counts that the policy would hide."""
    counts = audit.cells_of(true_rows(crimes).values()).counts
    judged = [row for row in audit.read_printed(path) if row["breakdown"] != "gender_recorded"]
    return [cell for row in judged if 0 < counts[cell := public.numerator(row)] < rules.threshold]


def test_rounded_counts_are_multiples_of_five_and_percentages_follow_from_them(tmp_path, crimes, rounded):
    write_release(tmp_path / "2023.r1", crimes)
    statement = disclose(tmp_path / "2023.r1", tmp_path)
    true, shown = true_rows(crimes), 0
    for row in printed(tmp_path / "2023.r1"):
        truth = true[row["figure_id"], row["place"], row["period"]]
        for of in ("numerator", "denominator"):
            if row[of][0] != "[":
                assert int(row[of]) % 5 == 0 and abs(int(row[of]) - truth[of]) <= 2
        if row["percent"][0] != "[":
            shown += 1
            assert float(row["percent"]) == int(100 * int(row["numerator"]) / int(row["denominator"]) + 0.5)
    assert shown > 50
    assert statement["policy"]["round_to"] == "5" and statement["audit"]["narrowest_interval"] >= 1


def test_what_rounding_alone_gives_back_is_hidden(tmp_path, crimes, rounded):
    """Two crimes in each quarter are printed 0, 0, 0, 0 and 10 in the year: only four times two gives that."""
    pinned = {key: ((2, 1) if key[0] == "kent" else (0, 0)) for key in crimes if key[2] == "cse"}
    crimes |= pinned
    write_release(tmp_path / "2023.r1", crimes)
    statement = disclose(tmp_path / "2023.r1", tmp_path)
    path = tmp_path / "2023.r1" / "public" / "figures.csv"
    wanted, true = dict.fromkeys(small_cells(path, crimes, rounded), 1), true_rows(crimes)
    rows = [true[row["figure_id"], row["place"], row["period"]] for row in audit.read_printed(path)]
    rounding.write_figures(tmp_path / "alone.csv", rows, 5, set())
    narrow, _ = audit.narrow_cells(tmp_path / "alone.csv", REGIONS, wanted)
    assert {"2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4"} <= {cell.period for cell in narrow}
    assert 0 < statement["hidden"] < len(rows) / 4
    audit.audit(path, REGIONS, wanted)


def test_one_small_count_printed_as_it_is_among_rounded_ones_shuts_the_gate(tmp_path, crimes, rounded):
    write_release(tmp_path / "2023.r1", crimes)
    disclose(tmp_path / "2023.r1", tmp_path)
    path = tmp_path / "2023.r1" / "public" / "figures.csv"
    small, true = small_cells(path, crimes, rounded), true_rows(crimes)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    leak = next(row for row in rows if public.numerator(row) in small and row["breakdown"] == "criterion")
    leak["numerator"] = true[leak["figure_id"], leak["place"], leak["period"]]["numerator"]
    leak |= {"denominator": "[c]", "percent": "[c]", "rounded_to": ""}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises((audit.NotSafe, cells.Contradiction)):
        audit.audit(path, REGIONS, dict.fromkeys(small, 1))


def test_a_tier_that_hides_is_attacked_with_what_was_rounded_before(tmp_path, crimes, monkeypatch):
    rules = policy.read()
    write_release(tmp_path / "alone" / "2023.r2", crimes)
    assert disclose(tmp_path / "alone" / "2023.r2", tmp_path / "alone")["hidden"]
    monkeypatch.setattr(policy, "read", lambda: dataclasses.replace(rules, rounded=True))
    write_release(tmp_path / "both" / "2023.r1", crimes, "2024-01-01")
    disclose(tmp_path / "both" / "2023.r1", tmp_path / "both")
    monkeypatch.setattr(policy, "read", lambda: rules)
    write_release(tmp_path / "both" / "2023.r2", resubmitted(crimes, "kent", random.Random(5)), "2024-02-01")
    # what is exact now and was rounded then: together they give a cell back
    with pytest.raises(audit.NotSafe):
        disclose(tmp_path / "both" / "2023.r2", tmp_path / "both")
