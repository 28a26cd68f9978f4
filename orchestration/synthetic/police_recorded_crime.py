"""Releases of police recorded crime as they would be published beside synthetic returns: the classes that name a child."""

from pathlib import Path

from orchestration.synthetic.reference import classes, classes_that_name_a_child, forces
from orchestration.synthetic.year import Year

YEARS = 3
"""A release counts the last years, earlier ones revised."""
HEADINGS = "calendar_quarter,force_name,offence_code,offence_description,offences"


class RecordedCrime:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: dict[str, list[tuple[str, str, int]]] = {}

    def count(self, quarter: str, own: Year, tiles: int) -> None:
        """Crimes by force and class, those that were cancelled and reported incidents left out."""
        crimes = own.crimes
        counted = crimes[
            crimes.exclusion_reason.eq("") & crimes.offence_class.isin(classes_that_name_a_child())
        ]
        sizes = counted.groupby(["force", "offence_class"], as_index=False).size()
        columns = (sizes[name].tolist() for name in ("force", "offence_class"))
        self._counts[quarter] = list(zip(*columns, (sizes["size"] * tiles).tolist(), strict=True))

    def publish(self, last: str) -> Path:
        """The release after the last quarter of a year: its folder."""
        year = int(last[:4])
        covered = [quarter for quarter in self._counts if int(quarter[:4]) > year - YEARS]
        folder = self._folder / f"{year + 1}-01-25"
        folder.mkdir(parents=True)
        names, titles = forces().prc_name, classes().name
        lines = [
            f'{quarter},"{names[force]}",{code},"{titles[code]}",{crimes}'
            for quarter in covered
            for force, code, crimes in self._counts[quarter]
        ]
        name = f"prc_offences_{covered[0].replace('-Q', 'q')}_{last.replace('-Q', 'q')}.csv"
        (folder / name).write_text("\n".join([HEADINGS, *lines, ""]), encoding="utf-8")
        self._counts = {quarter: self._counts[quarter] for quarter in covered}
        return folder
