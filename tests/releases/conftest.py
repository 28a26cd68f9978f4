import pytest
from small_home import make_home


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "home")
