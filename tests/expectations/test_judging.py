"""Every judged view says of the exemplars, and of each scene, what it must and nothing else."""

import pytest
from judging import changed, copied, judge, rules_by_view, scenes_of, sql_of, wrong_as_built, wrong_in_scene
from scenes import SCENES

VIEWS = rules_by_view()
VIEW_OF = {rule: view for view, rules in VIEWS.items() for rule in rules}


@pytest.fixture(scope="module")
def connection(built, tmp_path_factory):
    with copied(built, tmp_path_factory.mktemp("judging")) as connection:
        yield connection


@pytest.mark.parametrize("view", VIEWS)
def test_exemplars_near_misses_and_what_is_not_asked(built, connection, view):
    assert wrong_as_built(view, VIEWS[view], judge(connection, sql_of(built, view))) is None


@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
def test_a_scene(built, connection, scene):
    with changed(connection, scene):
        rows = judge(connection, sql_of(built, VIEW_OF[scene.rule]), f"where {scene.where}")
    assert wrong_in_scene(scene, rows) is None


def test_every_view_has_rules_and_every_scene_a_view():
    assert all(VIEWS.values())
    assert {scene.rule for scene in SCENES} <= set(VIEW_OF)
    assert sum(len(scenes_of(rules)) for rules in VIEWS.values()) == len(SCENES)
