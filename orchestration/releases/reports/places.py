"""The places a report is about: the nation, each region of several forces, each force."""

from dataclasses import dataclass

from orchestration.releases.figures import NATION


@dataclass(frozen=True)
class Place:
    """`place` as in the figures; `within`: the wider places to set it beside, nearest first."""

    kind: str
    place: str
    name: str
    forces: tuple[str, ...]
    within: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        if self.kind == "national":
            return "national.html"
        slug = self.place.lower().replace("&", "and").replace(" ", "-")
        return f"{self.kind}s/{slug}.html"

    @property
    def tables(self) -> str:
        """The folder of its tables; workbooks and PDF have the same name with an ending."""
        return self.path.removesuffix(".html")


def of(forces: list[dict]) -> list[Place]:
    """The nation, the regions and the forces, in the order of their names; `forces` as in `dim_force`."""
    by_region: dict[str, list[str]] = {}
    for force in forces:
        by_region.setdefault(force["region"], []).append(force["force"])
    nation = (NATION, NATION)
    # a force alone in its region is a report already
    regions = {region: tuple(held) for region, held in sorted(by_region.items()) if len(held) > 1}
    return [
        Place("national", NATION, NATION, tuple(force["force"] for force in forces)),
        *(Place("region", region, region, held, (nation,)) for region, held in regions.items()),
        *(
            Place(
                "force",
                force["force"],
                force["name"],
                (force["force"],),
                (((force["region"],) * 2, nation) if force["region"] in regions else (nation,)),
            )
            for force in sorted(forces, key=lambda force: force["name"])
        ),
    ]
