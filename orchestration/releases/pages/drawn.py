"""Steps as a picture: boxes in columns, each to the right of all that it is made from, and lines between them; SVG by numbers
that a template writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

WIDTH, HEIGHT, ACROSS, DOWN = 200, 26, 50, 8  # of a box, and between boxes, in pixels
LETTER = 7.2  # pixels of a letter at the size of the text, the widest


@dataclass(frozen=True)
class Box:
    name: str
    link: str
    x: int
    y: int
    width: int
    height: int = HEIGHT


@dataclass(frozen=True)
class Picture:
    """Boxes, the path of all lines, and the size in pixels."""

    boxes: list[Box]
    lines: str
    width: int
    height: int


def draw(needs: Mapping[str, Sequence[str]], links: Mapping[str, str], wide: int = WIDTH) -> Picture:
    """A picture of what each name `needs`, names with their `links`; of `schema.table` the box has the table. A box is one column
    further than the furthest it needs, and `wide` pixels; in its column it stands near what it needs. Raises CycleError."""
    column: dict[str, int] = {}
    for name in TopologicalSorter(needs).static_order():
        column[name] = 1 + max((column[one] for one in needs.get(name, ())), default=-1)
    place: dict[str, tuple[int, int]] = {}
    for number in range(1 + max(column.values(), default=-1)):

        def height_of_needs(name: str) -> tuple[float, str]:
            above = [place[one][1] for one in needs.get(name, ())]
            return (sum(above) / len(above) if above else 0.0, name)

        names = sorted((name for name, at in column.items() if at == number), key=height_of_needs)
        for row, name in enumerate(names):
            place[name] = (number * (wide + ACROSS), row * (HEIGHT + DOWN))
    lines = []
    for name in sorted(needs):
        x, y = place[name]
        for one in sorted(needs[name]):
            from_x, from_y = place[one][0] + wide, place[one][1] + HEIGHT // 2
            middle, to_y = (from_x + x) // 2, y + HEIGHT // 2
            lines.append(f"M{from_x} {from_y}C{middle} {from_y} {middle} {to_y} {x} {to_y}")
    boxes = [
        Box(_short(name.rpartition(".")[2], wide), links[name], *place[name], wide) for name in sorted(place)
    ]
    width = max((x for x, _ in place.values()), default=0) + wide
    height = max((y for _, y in place.values()), default=0) + HEIGHT
    return Picture(boxes, "".join(lines), width, height)


def _short(name: str, wide: int) -> str:
    fits = int((wide - 12) / LETTER)
    return name if len(name) <= fits else f"{name[: fits - 1]}…"
