"""`cpai init`, `sample` and `demo`: a new home, and a synthetic year from landing to a published release."""

import shutil
from pathlib import Path

import click

from orchestration import quarters
from orchestration.command import asked
from orchestration.command.release import as_released, publish_period, sign_with
from orchestration.command.run import run_quarters
from orchestration.command.summary import show_quarters, summary_of
from orchestration.home import Home
from orchestration.home import home as find_home
from orchestration.printing import say
from orchestration.progress import at, shown
from orchestration.stopping import NotThere
from orchestration.turns import turn


@click.command()
@click.option(
    "--years",
    "--year",
    "years",
    type=asked.Years(),
    default="2023",
    show_default=True,
    help="One, or 2014-2025.",
)
@click.option(
    "--scale",
    default=1.0,
    show_default=True,
    help="1 is the published year; 50 fifty of it; 0.02 a small one.",
)
@click.option("--seed", default=2023, show_default=True)
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option(
    "--truth",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write what is true, for tests.",
)
def sample(years: tuple[int, int], scale: float, seed: int, into: Path, truth: Path | None) -> None:
    """Write synthetic years of returns, and readings for their candidates."""
    with shown():
        _write_years(into, years, scale, seed, truth)
    written = "-".join(map(str, sorted(set(years))))
    say(f"synthetic returns of {written} in {into / 'landing'}, readings in {into / 'readings'}")
    if (order := into / "deliveries.csv").exists():
        say(f"in which order they came, and old returns sent anew in {into / 'refresh'}: {order}")


def _write_years(
    into: Path, years: tuple[int, int], scale: float, seed: int, truth: Path | None = None
) -> None:
    from orchestration.synthetic import write_years

    try:
        write_years(
            into,
            *years,
            scale=scale,
            seed=seed,
            truth=truth,
            progress=lambda done, total, what: at("writing synthetic returns", done, total, what),
        )
    except ValueError as problem:
        raise NotThere(str(problem)) from problem


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make FOLDER a home: the place of a landing folder, and of all that follows from it."""
    made = find_home(folder)
    if asked.is_home(made.root):
        raise NotThere(f"{made.root} is a home already: cpai --home {folder} status")
    if made.root.exists() and (not made.root.is_dir() or any(made.root.iterdir())):
        raise NotThere(f"{made.root} holds something else: name a new folder, or an empty one")
    made.landing.mkdir(parents=True)
    say(
        f"{made.root} is a home: put what each force delivers into {made.landing}/<quarter>/<force>/, then "
        f"cpai --home {folder} run <quarter>"
    )


@click.command()
@click.option("--scale", default=1.0, show_default=True)
@click.option("--seed", default=2023, show_default=True)
@click.pass_obj
def demo(home: Home, scale: float, seed: int) -> None:
    """A synthetic year from landing to a published release."""
    with shown(), turn(home, builds_again=True):
        _demo(home, scale, seed)


def _demo(home: Home, scale: float, seed: int) -> None:
    year = 2023
    if not (home.landing / f"{year}-Q4").is_dir():
        _land_synthetic(home, year, scale, seed)
    wanted = quarters.in_period(str(year))
    from orchestration.readings.book import import_readings

    run_quarters(home, wanted)
    at("importing the readings")
    added = sum(import_readings(home, home.root / "readings" / f"{quarter}.csv").added for quarter in wanted)
    say(f"readings: {added:,} added to the ledger")
    assurer = _made_up_keys(home)
    published = publish_period(home, str(year))
    show_quarters(summary_of(home, wanted))
    replication = home.releases / published["release"] / "report" / f"replication_{year}.csv"
    if replication.exists():
        from orchestration.releases.replication import sentence

        say(sentence(replication))
    say(as_released(home, published))
    _assure(home, str(published["release"]), assurer)
    say(f"open {home.releases / 'index.html'} in a browser; `make dev` shows the assets in Dagster")


def _made_up_keys(home: Home) -> Path:
    """Two made-up signers, whose keys lie beside the home: an analyst, who is who gave the command, and an assurer. The
    assurer's key; what is published from here on is signed by the analyst's."""
    from orchestration import signing
    from orchestration.ledger import signers
    from orchestration.ledger.opening import ledger_of

    folder = home.root.with_name(f"{home.root.name}.keys")
    folder.mkdir(mode=0o700, exist_ok=True)
    analyst, assurer = folder / "analyst.pem", folder / "assurer.pem"
    with ledger_of(home) as engine:
        for file, role, person in (
            (analyst, "analyst", signers.person()),
            (assurer, "assurer", "made-up assurer"),
        ):
            public = (
                signing.public_of(signing.load_key(file)) if file.exists() else signing.make_key(file, home)
            )
            if public["keyid"] not in [row["keyid"] for row in signers.rows(engine)]:
                signers.grant(engine, person, role, public)
    sign_with(str(analyst))
    return assurer


def _assure(home: Home, release: str, key: Path) -> None:
    from orchestration import signing
    from orchestration.ledger import evidence
    from orchestration.releases import attest

    folder = home.releases / release
    if (folder / evidence.ATTESTATION).exists() and not (folder / evidence.ASSURANCE).exists():
        attest.assure(home, release, signing.load_key(key, home))
        attest.write_list(home, home.releases / evidence.KEYS, signing.load_key(key, home))
    listed = home.releases / evidence.KEYS
    say(f"{attest.in_words(home, release)}; cpai verify {folder} --keys {listed} needs no home")


def _land_synthetic(home: Home, year: int, scale: float, seed: int) -> None:
    """Written aside: an interrupted year leaves no half quarter behind, which a second `demo` would take for a whole."""
    aside = home.root / ".synthetic"
    shutil.rmtree(aside, ignore_errors=True)
    _write_years(aside, (year, year), scale, seed)
    # landing last: a home that has it has the whole year
    for kind in ("readings", "landing"):
        (home.root / kind).mkdir(exist_ok=True)
        for made in sorted((aside / kind).iterdir()):
            if not (place := home.root / kind / made.name).exists():
                made.rename(place)
    shutil.rmtree(aside)
