"""The newest minors of what the warehouse stands on, each tried apart: `make upgrades`, with `--all` on every test.

Each library gets an environment over the project's own, in `.venv/upgrades/`, in which it alone is newer. What breaks there
breaks here when its bound in pyproject.toml is raised. The project's own environment stays as it is.
"""

import argparse
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".venv" / "upgrades"
# what must be of one version goes together
LIBRARIES = {
    "dagster": ("dagster", "dagster-dbt", "dagster-webserver", "dagster-dg-cli"),
    "dbt-duckdb": ("dbt-duckdb", "dbt-core"),
    "great-expectations": ("great-expectations",),
    "duckdb": ("duckdb", "duckdb-engine"),
}
# private names, definitions, event log, a built home, a warehouse with every suite: four minutes
FAST = (
    "tests/command/test_definitions.py",
    "tests/command/test_event_log.py",
    "tests/command/test_hacks.py",
    "tests/returns/test_partitions.py",
    "tests/returns/test_schedules_and_sensors.py",
    "tests/dbt",
    "tests/expectations/test_suites.py",
)


def environment(library: str) -> Path:
    """The Python of an environment that finds the project's packages behind its own."""
    folder = ENVIRONMENTS / library
    venv.create(folder, clear=True, with_pip=True)
    (own,) = folder.glob("lib/python*/site-packages")
    (own / "project.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin" / "python"


def versions(python: Path, packages: tuple[str, ...]) -> dict[str, str]:
    words = [str(python), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"]
    there = dict(
        line.replace("_", "-").split("==")
        for line in subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        if "==" in line
    )
    return {package: there.get(package, "none") for package in packages}


def tried(library: str, tests: list[str]) -> list[str]:
    """What breaks with the newest of a library, a line each."""
    packages = LIBRARIES[library]
    python = environment(library)
    before = versions(Path(sys.executable), packages)
    words = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--upgrade",
        "--disable-pip-version-check",
        *packages,
    ]
    installed = subprocess.run(words, capture_output=True, text=True)
    if installed.returncode:
        return [f"cannot be installed: {line}" for line in installed.stderr.splitlines() if "ERROR" in line]
    after = versions(python, packages)
    print(
        f"{library}: " + ", ".join(f"{name} {before[name]} -> {after[name]}" for name in packages), flush=True
    )
    if before == after:
        return []
    words = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not proof", *tests]
    ran = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    broken = re.findall(r"^(?:FAILED|ERROR) .*", ran.stdout, flags=re.MULTILINE)
    return broken or ([f"pytest ended with {ran.returncode}: {ran.stdout[-500:]}"] if ran.returncode else [])


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("library", nargs="*", choices=[*LIBRARIES, []], help="[all of them]")
    asked.add_argument(
        "--all", action="store_true", help="every test, in place of a selection of four minutes"
    )
    given = asked.parse_args()
    broken = False
    for library in given.library or LIBRARIES:
        lines = tried(library, ["tests"] if given.all else list(FAST))
        broken |= bool(lines)
        print("\n".join(f"  {line}" for line in lines) or "  nothing breaks", flush=True)
    sys.exit(broken)


if __name__ == "__main__":
    main()
