"""dbt's documentation of every model and column as one page that reads offline: `make docs`."""

import sys

from orchestration.home import home
from orchestration.printing import say
from orchestration.turns import turn
from orchestration.warehouse.dbt import invoke


def main() -> None:
    """Write target/static_index.html in the home's dbt folder and print its path."""
    place = home()
    if not place.warehouse.exists():
        sys.exit(f"there is no warehouse in {place.root} yet: run `make demo` or `cpai run <quarter>` first")
    with turn(place):
        invoke(place, ["docs", "generate", "--static"])
    say(place.dbt / "target" / "static_index.html")


if __name__ == "__main__":
    main()
