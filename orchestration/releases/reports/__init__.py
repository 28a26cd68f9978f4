"""Reports that people read, from a published release: the nation, its regions and its forces, one page each.

They are written beside the release, which never changes: `reports/<release>/<period>/` in the home. A page is one
template over `printed.Report`, through which every number on it goes; `printed.csv` lists them all.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from orchestration.home import Home
from orchestration.ledger import log
from orchestration.releases import calendar, figures, package, verify
from orchestration.releases.pages import listing
from orchestration.releases.reports import (
    audit,
    csv_on_the_web,
    front_door,
    opendocument,
    pdf,
    places,
    report_workbook,
)
from orchestration.releases.reports.numbers import Numbers
from orchestration.releases.reports.places import Place
from orchestration.releases.reports.printed import TIERS, Printed, Report
from orchestration.releases.reports.rendering import environment
from orchestration.stopping import NotThere, Stopped


@dataclass(frozen=True)
class Reports:
    """What is to be written: the numbers of one release for one period, and the places to write about."""

    numbers: Numbers
    head: dict
    release: Path
    places: list[Place]
    wanted: list[Place]
    folder: Path
    with_pdf: bool = False
    # none for reports that are put elsewhere
    front_door: Callable[[], Path] | None = None

    def __len__(self) -> int:
        return len(self.wanted)

    def write(self) -> Iterator[Place]:
        """Each report as it is written; with all of them, at the end, the page that lists them.

        Public ones are written aside, read back, and only then put in place; NotSafe when one shows more than the
        release's public tier.
        """
        yield from self._write_public() if self.numbers.is_public else self._write(self.folder)
        if self.front_door:
            self.front_door()

    def _write_public(self) -> Iterator[Place]:
        aside = self.folder.with_name(f".building-{self.folder.name}")
        shutil.rmtree(aside, ignore_errors=True)
        try:
            if self.wanted != self.places and self.folder.exists():
                # PDF cannot be read back: each is made of its page, after it
                shutil.copytree(self.folder, aside, ignore=shutil.ignore_patterns("*.pdf", audit.RESULT))
            yield from self._write(aside)
            found = audit.check(aside, self.release)
            package.write_json(aside / audit.RESULT, found)
            shutil.rmtree(self.folder, ignore_errors=True)
            aside.rename(self.folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _write(self, folder: Path) -> Iterator[Place]:
        folder.mkdir(parents=True, exist_ok=True)
        printed: list[Printed] = []
        for place in self.wanted:
            report = Report(self.numbers, place, self.places, self.head)
            self._page("report.html", folder, place.path, report=report, with_pdf=self.with_pdf)
            report_workbook.write(folder / f"{place.tables}.xlsx", report, self.head)
            opendocument.write(folder / f"{place.tables}.ods", report, self.head)
            csv_on_the_web.write(folder / place.tables, report, self.head)
            printed += report.printed
            yield place
        if self.wanted == self.places:
            self._page(
                "reports.html",
                folder,
                "index.html",
                places=self.places,
                numbers=self.numbers,
                tier=TIERS[self.numbers.is_public],
                # a public folder stands alone, wherever it is put
                has_front_door=self.front_door and not self.numbers.is_public,
            )
            csv_on_the_web.write_printed(folder / "printed.csv", printed, self.head)

    def write_pdf(self) -> Iterator[Path]:
        """The PDF of each report that is written, as it is made."""
        return pdf.write_all([self.folder / place.path for place in self.wanted])

    def _page(self, template: str, folder: Path, path: str, **values: Any) -> None:
        to_root = "../" * path.count("/")
        # what is put elsewhere, or before the public, links nothing outside itself
        in_home = self.front_door and not self.numbers.is_public
        to_releases = f"{to_root}../../../releases/{listing.NAME}" if in_home else None
        html = (
            environment()
            .get_template(template)
            .render(head=self.head, root=to_root, to_releases=to_releases, **values)
        )
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(html + "\n", encoding="utf-8")


def prepare(
    home: Home,
    period: str,
    place: str | None = None,
    release: str | None = None,
    into: Path | None = None,
    public: bool = False,
    with_pdf: bool = False,
) -> Reports:
    """Read what the reports of `period` (`2023`, `2023-Q1`) need from `release`, else from the live one.

    `place` as in the figures: a force (`kent`), a region (`Wales`) or the nation; none is all of them.
    `public`: from the release's public tier, with nothing but what that shows.
    NoRelease when there is no such release, NotThere when it has not this period or place.
    """
    name = verify.named(home, release)
    head = verify.manifest_of(home, name)
    # an erratum may have been found since: a report has of its figures what is known when it is written
    known = calendar.statement(head["period"])["errata"]
    head |= {"errata": known + [one for one in head.get("errata", []) if one not in known]}
    numbers = Numbers.read(home.releases / name, period, public)
    every = places.of(numbers.forces)
    meant = place and figures.place(place, numbers.forces)
    wanted = [one for one in every if meant in (None, one.place)]
    if not wanted:
        raise NotThere(f"{meant} is a region of one force, whose report has it: name the force")
    folder = into or home.root / "reports" / name / (f"{period}-public" if public else period)
    if public:
        listed = {file["path"]: file["sha256"] for file in head["files"]}
        tier = "public/figures.csv"
        if package.file_hash(home.releases / name / tier) != listed.get(tier):
            raise Stopped(f"{tier} of {name} was changed after publishing; restore it from a copy")
        # it is swapped in whole
        if folder.exists() and any(folder.iterdir()) and not (folder / audit.RESULT).exists():
            raise NotThere(f"{folder} holds something else than public reports: name another with --into")
    to = "the public" if public else "readers of reports"
    about = {"release": name, "period": period, "place": meant}
    log.note(home, "disclosure", "reports written", about, to)
    return Reports(
        numbers,
        head,
        home.releases / name,
        every,
        wanted,
        folder,
        with_pdf,
        None if into else partial(front_door.write, home, head),
    )
