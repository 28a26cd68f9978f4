"""The public tier of the demo's year at full size, its four quarters and two revisions of it, against who knows them all and the
whole table of relations: no cell comes back exactly, none narrower than the policy."""

import dataclasses
import json
import zlib
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.command import cpai
from orchestration.home import Home
from orchestration.releases.disclosure import audit, policy, public

pytestmark = pytest.mark.proof
QUARTERS = [f"2023-Q{number}" for number in range(1, 5)]
REVISED = {"2023.r2": ("2023-Q3", "kent", 12), "2023.r3": ("2023-Q2", "essex", 9)}


@pytest.fixture(scope="module")
def figures(tmp_path_factory) -> dict[str, Path]:
    """Release -> a database of its figures, as the warehouse had them."""
    root = tmp_path_factory.mktemp("demo")
    home = Home(root / "home")
    asked(home, "demo")
    found = {"2023.r1": figures_of(home, root / "2023.r1.duckdb")}
    for release, (quarter, force, every) in REVISED.items():
        send_again(home, quarter, force, every)
        asked(home, "run", quarter)
        found[release] = figures_of(home, root / f"{release}.duckdb")
    return found


def asked(home: Home, *words: str) -> None:
    answer = CliRunner().invoke(cpai, ["--home", str(home.root), *words])
    assert answer.exit_code == 0, answer.output


def send_again(home: Home, quarter: str, force: str, every: int) -> None:
    """The force's return once more, without one crime in `every`."""
    (sent,) = (home.landing / quarter / force).glob("*.csv")
    head, *lines = sent.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if zlib.crc32(line.split(",")[0].encode()) % every]
    assert 0 < len(kept) < len(lines)
    (sent.parent / "2").mkdir()
    (sent.parent / "2" / sent.name).write_text("".join([head, *kept]), encoding="utf-8")


def figures_of(home: Home, file: Path) -> Path:
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"attach '{home.warehouse}' as warehouse (read_only)")
        for table in ("figures", "dim_force"):
            connection.execute(f"create table {table} as from warehouse.marts.{table}")
    return file


def write(releases: Path, name: str, of: Path, created: int) -> dict:
    """A public tier among those that are out, of the figures of a database; a quarter's has those of its quarter."""
    folder, period = releases / name, name.partition(".")[0]
    folder.mkdir()
    months = f"left(period, 4) = '{period[:4]}' and ceil(right(period, 2)::integer / 3) = {period[-1]}"
    where = f"period = '{period}' or (period_type = 'month' and {months})" if "Q" in period else "true"
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(f"attach '{of}' as warehouse (read_only)")
        connection.execute(f"create table figures as from warehouse.figures where {where}")
        connection.execute("create table dim_force as from warehouse.dim_force")
    (folder / "manifest.json").write_text(json.dumps({"created_at": f"{created:04}"}))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / 'marts.duckdb'}' as target (read_only)")
        return public.write(connection, folder / "public", releases)


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(
            [*(f"{quarter}.r1" for quarter in QUARTERS), "2023.r1", "2023.r2", "2023.r3"], id="quarters first"
        ),
        pytest.param(
            ["2023.r1", *(f"{quarter}.r1" for quarter in QUARTERS), "2023.r2", "2023.r3"], id="year first"
        ),
    ],
)
def test_a_year_its_quarters_and_two_revisions_give_nothing_back(figures, order, tmp_path, monkeypatch):
    attacked = attacks(monkeypatch)
    for number, name in enumerate(order):
        said = write(tmp_path, name, figures.get(name, figures["2023.r1"]), number)
        assert len(said["earlier_releases"]) == number
        assert said["audit"]["too_narrow"] == 0 and said["hidden"]
    assert_nothing_comes_back(attacked)
    widths = set(attacked[-1][2].values())
    assert widths == {policy.read().width, policy.read().width_of_others}


def test_a_rounded_year_gives_nothing_back(figures, tmp_path, monkeypatch):
    rounded = dataclasses.replace(policy.read(), rounded=True)
    monkeypatch.setattr(policy, "read", lambda: rounded)
    attacked = attacks(monkeypatch)
    assert write(tmp_path, "2023.r1", figures["2023.r1"], 0)["audit"]["too_narrow"] == 0
    assert_nothing_comes_back(attacked)


def attacks(monkeypatch) -> list:
    """What each tier was attacked with, in the order of the tiers."""
    found = []
    real = audit.narrow_cells
    monkeypatch.setattr(audit, "narrow_cells", lambda *given: found.append(given) or real(*given))
    return found


def assert_nothing_comes_back(attacked: list) -> None:
    """Once more, of the last tier beside all: each cell that had to be wide is, and none has one value."""
    path, regions, widths, before, same, broken = attacked[-1]
    assert len(widths) > 300
    narrow, narrowest = audit.narrow_cells(path, regions, widths, before, same, broken)
    assert narrow == [] and narrowest >= 1
