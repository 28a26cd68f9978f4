import shutil

import pytest
from small_home import describe_models, make_home

from orchestration.home import Home


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("made") / "home")


@pytest.fixture
def home(made, tmp_path):
    copy = Home(tmp_path / "home")
    shutil.copytree(made.root, copy.root)
    describe_models(copy)
    return copy
