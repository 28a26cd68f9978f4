"""Years beside each other: 2023 as it was, references for ever, persons who recur, returns that reach back, the law and
systems of each time."""

import csv
import hashlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from some import some

from orchestration import quarters
from orchestration.returns.layouts import layout_for
from orchestration.returns.recorded_crime import read as read_recorded_crime
from orchestration.synthetic import write_years
from orchestration.synthetic.reference import NO_DATE, day_of, offences, years_of
from orchestration.synthetic.series import BACK, Series
from orchestration.synthetic.year import Year

pytestmark = pytest.mark.xdist_group("made up")  # one worker makes the base year once

SCALE = 0.01


@pytest.fixture(scope="module")
def series(year) -> Series:
    return Series(year, 0.05, 2023)


@pytest.fixture(scope="module")
def years(tmp_path_factory) -> Path:
    into = tmp_path_factory.mktemp("years")
    write_years(into, 2022, 2024, scale=SCALE, truth=into / "truth")
    return into


def hashes(root: Path, part: str) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.glob(part)
        if path.is_file()
    }


def test_2023_is_the_same_to_the_byte_beside_other_years(years, tmp_path):
    write_years(tmp_path, scale=SCALE)
    alone = {part: hashes(tmp_path, part) for part in ("landing/2023-Q*/**/*", "readings/2023-Q*.csv")}
    assert all(alone.values()) and alone == {part: hashes(years, part) for part in alone}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["landing", "readings"]


def crimes_of(years: Path) -> list[dict]:
    return pq.read_table(years / "truth" / "crimes.parquet").to_pylist()


def test_a_reference_is_one_crime_for_ever(years):
    """In the truth a reference stands again only where a later return has something to say about the crime."""
    found = defaultdict(list)
    for crime in some(crimes_of(years)):
        found[crime["force"], crime["crime_reference"]].append(crime)
    again = [crimes for crimes in found.values() if len(crimes) > 1]
    for crimes in some(again):
        first, *later = sorted(crimes, key=lambda crime: crime["quarter"])
        assert {crime["exclusion_reason"] for crime in later} <= {"cancelled", "wrong_quarter"}
        cancelled = "cancelled" in {crime["exclusion_reason"] for crime in later}
        assert not cancelled or (first["exclusion_reason"] == "cancelled" and not first["in_cpai"])
    assert len({quarter for crimes in again for quarter in {one["quarter"] for one in crimes}}) > 8


def test_cancellations_reach_back_over_years_but_the_returns_of_2023_say_nothing_of_earlier_ones(series):
    for quarter in ("2024-Q2", "2016-Q1"):
        made = series.of(quarter).crimes
        start = day_of(quarters.first_day(quarter).isoformat())
        back = made[(made.recorded_on < start) & (made.status == "cancelled")]
        assert len(back) > 7 and (back.cancelled_on >= start).all()
        assert len(set(years_of(back.recorded_on.to_numpy()))) >= 2
        assert (made.recorded_on < start).mean() < 0.02
    for quarter in ("2022-Q1", "2022-Q4"):
        after = series.cancelled_after(series.own(quarter))
        said = {quarter_after(quarter, int(number)) for number in some(after[after > 0])}
        assert not {name for name in said if name.startswith("2023")} and said
    assert 4 < max(series.cancelled_after(series.own("2015-Q1"))) <= BACK


def quarter_after(quarter: str, number: int) -> str:
    for _ in range(number):
        quarter = quarters.following(quarter)
    return quarter


def test_a_quarter_is_the_same_whichever_were_made_before_it(year, series):
    series.of("2018-Q2")
    alone = Series(year, 0.05, 2023).of("2018-Q3")
    for kind in ("crimes", "victims", "suspects"):
        assert getattr(series.of("2018-Q3"), kind).equals(getattr(alone, kind))


def test_persons_who_recur_are_the_same_persons(series):
    known: dict[tuple, set] = defaultdict(set)
    seen: dict[tuple, set] = defaultdict(set)
    for quarter in ("2014-Q1", "2016-Q3", "2018-Q2", "2020-Q4", "2022-Q1", "2025-Q3"):
        own: Year = series.own(quarter)
        for kind in ("suspects", "victims"):
            people = getattr(own, kind)
            crime = people.crime.to_numpy()
            force = own.crimes.force.to_numpy()[crime]
            last = own.crimes.committed_to.to_numpy()[crime]
            for place in np.flatnonzero(people.recurs):
                person = people.iloc[place]
                who = kind, force[place], person.number
                known[who].add((person.gender, person.born_on, person.self_defined, person.observed))
                seen[who].add(quarter)
                assert abs((last[place] - person.born_on) / 365.2425 - person.age - 0.5) < 0.5
    again = [who for who, when in seen.items() if len(when) > 1]
    assert {who[0] for who in again} == {"suspects", "victims"}
    assert {len(facts) for facts in some(known.values())} == {1}


@pytest.mark.parametrize("quarter", ["2014-Q1", "2015-Q3", "2017-Q1", "2019-Q1", "2025-Q4"])
def test_codes_outcomes_and_flags_are_of_their_time(series, quarter):
    crimes = series.own(quarter).crimes
    rows = offences().set_index("offence_code")
    opened = crimes.offence_code.map(rows.valid_from).fillna("")
    days = crimes.recorded_on.to_numpy().astype("datetime64[D]").astype(str)
    assert (opened.to_numpy(dtype=str) <= days).all()
    assert ("88A" in set(crimes.offence_class)) and ("71/17" in set(crimes.offence_code)) == (
        quarter > "2017-Q2"
    )
    assert (crimes.offence_class.isin(["19J", "19K"])).any() == (quarter > "2019-Q1")
    assert ("22" in set(crimes.outcome_code)) == (quarter > "2018-Q4")
    assert (crimes.outcome_on[crimes.outcome_code == ""] == NO_DATE).all()
    assert ("Y" in set(crimes.children_flag)) == (quarter > "2023-Q1")
    assert crimes.has_cue.any() == (quarter > "2022-Q4")


def test_volumes_follow_recorded_crime_and_then_a_stated_growth(series, year):
    sizes = {name: len(series.own(f"{name}-Q2").crimes) for name in (2014, 2021, 2022, 2025)}
    assert sizes[2014] < 0.75 * sizes[2021]
    of_2023 = (year.crimes.quarter == "2023-Q2").sum() * 0.05
    assert 1.03 < sizes[2025] / of_2023 < 1.1


def test_more_than_the_base_year_has_its_crimes_twice_under_other_references(year):
    made = Series(year, 1, 2023).own("2025-Q1").crimes
    assert len(made) > (year.crimes.quarter == "2023-Q1").sum() * 1.03
    assert not made.duplicated(["force", "serial"]).any()


def test_forces_change_their_crime_system(years):
    met = {path.name for path in (years / "landing" / "2024-Q1" / "metropolitan").iterdir()}
    assert met == {"crimes.csv", "victims.csv", "suspects.csv", "metropolitan_2024-Q1.xlsx"}
    assert layout_for("metropolitan", "2024-Q2").layout == "connect"
    for force, before, after in (
        ("greater-manchester", "2019-Q2", "2019-Q3"),
        ("devon-and-cornwall", "2022-Q3", "2022-Q4"),
    ):
        assert layout_for(force, before).layout == "national" != layout_for(force, after).layout
    references = {
        crime["crime_reference"][:3]
        for crime in some(crimes_of(years))
        if crime["force"] == "devon-and-cornwall" and crime["quarter"] >= "2022-Q4"
    }
    assert "502" in references


def test_deliveries_are_told_in_order_and_old_returns_come_anew_at_once(years):
    with (years / "deliveries.csv").open(newline="") as file:
        came = list(csv.DictReader(file))
    assert all((years / row["path"]).exists() for row in some(came))
    steps = list(dict.fromkeys(row["delivered_with"] for row in came))
    assert steps == [*(f"{year}-Q{n}" for year in (2022, 2023, 2024) for n in (1, 2, 3, 4)), "refresh"]
    late = [row for row in came if "2022-Q4" in row["path"] and "devon" in row["path"]]
    assert [
        (row["delivered_with"], row["path"].split("/")[0]) for row in late if "refresh" not in row["path"]
    ] == [
        ("2023-Q1", "landing"),
        ("2023-Q1", "readings"),
    ]
    anew = Counter(Path(row["path"]).parts[2] for row in came if row["path"].startswith("refresh/landing/"))
    assert anew == {f"2022-Q{number}": 23 for number in (1, 2, 3, 4)}
    assert len((years / "refresh" / "readings" / "2022-Q1.csv").read_text().splitlines()) > 5


def test_recorded_crime_is_published_each_year(years):
    releases = sorted((years / "landing" / "recorded_crime").glob("*/*.csv"))
    assert [path.parent.name for path in releases] == ["2023-01-25", "2024-01-25", "2025-01-25"]
    counts = read_recorded_crime(releases[-1], releases[-1].name)
    assert {quarter[:4] for quarter, _, _ in counts} == {"2022", "2023", "2024"}
    named = defaultdict(int)
    for (quarter, force, _), crimes in counts.items():
        named[force, quarter] += crimes
    assert len({force for force, _ in named}) == 44 and min(named.values()) > 0
