"""Reports that people read, from a published release: the nation, its regions and its forces, one page each.

They are written beside the release, which never changes: `reports/<release>/<period>/` in the home. A page is one
template over `printed.Report`, through which every number on it goes; `printed.csv` lists them all.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration import clock
from orchestration.home import Home
from orchestration.ledger import evidence, log
from orchestration.ledger.opening import ledger_of
from orchestration.releases import calendar, figures, openlineage, package, verify
from orchestration.releases.pages import listing
from orchestration.releases.pages.evidence import FOLDER
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
from orchestration.stopping import NotThere
from orchestration.turns import swap_in


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
    home: Home | None = None

    def __len__(self) -> int:
        return len(self.wanted)

    def write(self) -> Iterator[Place]:
        """Each report as it is written; with all of them, at the end, the page that lists them.

        They are written aside, and put in place whole. Public ones are read back before; NotSafe when one shows more than
        the release's public tier.
        """
        aside = self.folder.with_name(f".building-{self.folder.name}")
        shutil.rmtree(aside, ignore_errors=True)
        try:
            if self.wanted != self.places and self.folder.exists():
                # PDF cannot be read back: each is made of its page, after it
                not_kept = ("*.pdf", audit.RESULT, openlineage.LATER) if self.numbers.is_public else ()
                shutil.copytree(self.folder, aside, ignore=shutil.ignore_patterns(*not_kept))
            yield from self._write(aside)
            if self.numbers.is_public:
                package.write_json(aside / audit.RESULT, audit.check(aside, self.release))
            self._lineage(aside)
            swap_in(aside, self.folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        self._keep()

    def _write(self, folder: Path) -> Iterator[Place]:
        folder.mkdir(parents=True, exist_ok=True)
        printed: list[Printed] = []
        for place in self.wanted:
            report = Report(self.numbers, place, self.places, self.head, self._to_release(place.path))
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
                has_front_door=self.home and not self.numbers.is_public,
            )
            csv_on_the_web.write_printed(folder / "printed.csv", printed, self.head)

    def write_pdf(self) -> Iterator[Path]:
        """The PDF of each report that is written, as it is made."""
        yield from pdf.write_all([self.folder / place.path for place in self.wanted])
        self._lineage(self.folder, has_pdf=True)
        self._keep()

    def _lineage(self, folder: Path, has_pdf: bool = False) -> None:
        """What each report was made from, and its files: an event for each, and one for the page and list of all."""
        name = f"{self.numbers.period}-public" if self.numbers.is_public else self.numbers.period
        inputs = [openlineage.released(self.head, one) for one in sorted(self.numbers.read_from)]
        tier = "public." if self.numbers.is_public else ""
        at = clock.now().isoformat()

        def step(job: str, about: str, files: list[Path]) -> openlineage.Step:
            root = f"reports/{self.release.name}/{name}"
            outputs = [
                openlineage.made(f"{root}/{file.relative_to(folder).as_posix()}", file) for file in files
            ]
            kind = ("BATCH", "REPORT")
            return openlineage.Step(
                f"report.{tier}{job}", at, inputs, outputs, kind, openlineage.documented(about)
            )

        endings = (".html", ".xlsx", ".ods", *((".pdf",) if has_pdf else ()))
        steps = []
        for place in self.wanted:
            files = [folder / f"{place.tables}{ending}" for ending in endings]
            files += sorted((folder / place.tables).iterdir())
            steps.append(step(place.place, f"The report of {place.name}.", files))
        if self.wanted == self.places:
            files = [folder / "index.html", *sorted(folder.glob("printed.csv*"))]
            steps.append(step("all", "The page that lists the reports, and every number of them.", files))
        openlineage.write_later(folder, self.head, self.numbers.period, steps, before=self.folder)

    def _keep(self) -> None:
        """The page that leads to them, and their hashes in the ledger; none of reports that are put elsewhere."""
        if self.home:
            page = front_door.write(self.home, self.head)
            if log.is_home(self.home):
                with ledger_of(self.home) as engine, engine.begin() as connection:
                    evidence.note_files(
                        connection, self.home, self.folder, page, self.home.releases / listing.NAME
                    )

    def _to_release(self, path: str) -> str | None:
        """The way from a page to the release, whose evidence its numbers lead to; none from what is put elsewhere or before
        the public, nor to a release that was made before there was any."""
        if not self.home or self.numbers.is_public or not (self.release / FOLDER).is_dir():
            return None
        return f"{'../' * path.count('/')}../../../releases/{self.release.name}/"

    def _page(self, template: str, folder: Path, path: str, **values: Any) -> None:
        to_root = "../" * path.count("/")
        # what is put elsewhere, or before the public, links nothing outside itself
        in_home = self.home and not self.numbers.is_public
        to_releases = f"{to_root}../../../releases/{listing.NAME}" if in_home else None
        html = (
            environment()
            .get_template(template)
            .render(head=self.head, root=to_root, to_releases=to_releases, **values)
        )
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(html + "\n", encoding="utf-8")


def _of_reports(folder: Path, every: list[Place], public: bool) -> bool:
    """Whether a folder has nothing in it but reports, and public ones where these are to be."""
    names = {path.name for path in folder.iterdir()}
    if not names:
        return True
    kinds = {Path(place.path).parts[0].partition(".")[0] for place in every}
    ours = all(
        name.partition(".")[0] in kinds | {"index", "printed"} or name in (audit.RESULT, openlineage.LATER)
        for name in names
    )
    return ours and public == (audit.RESULT in names)


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
    tier = (
        ("public/figures.csv",)
        if public and (home.releases / verify.named(home, release) / "public").exists()
        else ()
    )
    head = verify.as_published(home, release, "marts.duckdb", *tier)
    name = head["release"]
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
    # it is swapped in whole
    if folder.exists() and not _of_reports(folder, every, public):
        what = "public reports" if public else "reports"
        raise NotThere(f"{folder} holds something else than {what}: name another with --into")
    to = "the public" if public else "readers of reports"
    about = {"release": name, "period": period, "place": meant}
    log.note_in_a_home(home, "disclosure", "reports written", about, to)
    return Reports(
        numbers,
        head,
        home.releases / name,
        every,
        wanted,
        folder,
        with_pdf,
        None if into else home,
    )
