import pytest

from orchestration.synthetic.population import base_year
from orchestration.synthetic.year import Year

SEED = 2023


@pytest.fixture(scope="session")
def year() -> Year:
    """The base year at scale 1: every published count, and the mess around it."""
    return base_year(2023, SEED)
