"""A picture of steps: each box to the right of all that it needs, and no two in one place."""

import pytest

from orchestration.releases.pages.drawn import ACROSS, HEIGHT, WIDTH, draw

NEEDS = {"a": [], "b": ["a"], "c": ["a", "b"], "d": ["a"], "e": ["c", "d"]}


def test_boxes_stand_to_the_right_of_what_they_need():
    picture = draw(NEEDS, {name: f"#{name}" for name in NEEDS})
    at = {box.name: box for box in picture.boxes}
    assert {name: box.x // (WIDTH + ACROSS) for name, box in at.items()} == {
        "a": 0,
        "b": 1,
        "d": 1,
        "c": 2,
        "e": 3,
    }
    assert len({(box.x, box.y) for box in picture.boxes}) == len(NEEDS)
    assert picture.lines.count("M") == sum(map(len, NEEDS.values()))
    assert picture.width == 4 * WIDTH + 3 * ACROSS and picture.height > HEIGHT


def test_the_same_steps_are_the_same_picture_whatever_their_order():
    links = dict.fromkeys(NEEDS, "#")
    assert draw(NEEDS, links) == draw(dict(reversed(NEEDS.items())), links)


def test_a_long_name_is_cut_inside_its_box():
    name = "a_name_that_is_longer_than_any_box_can_hold"
    (box,) = draw({name: []}, {name: "#"}).boxes
    assert box.name.endswith("…") and len(box.name) < len(name)


@pytest.mark.parametrize("needs", [{"a": ["b"], "b": ["a"]}])
def test_a_circle_is_no_picture_of_steps(needs):
    from graphlib import CycleError

    with pytest.raises(CycleError):
        draw(needs, dict.fromkeys(needs, "#"))
