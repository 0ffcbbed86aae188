"""Dagster's web pages, with real clicks in Chromium, on a lab as the README makes it.

An assembly arrives while somebody looks on, everything is materialized again with clicks, a second
assembly has checks and plots of its own, and is removed. Screenshots of all pages are kept.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.live_lab.deployments import lab_command
from tests.live_lab.graphql import LabServer
from tests.live_lab.labs import annotation, chromosome_of_demo, demo_of, served, temporary_lab
from tests.live_lab.saying import check, say, skip
from tests.waiting import PATIENCE_SECONDS, wait_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
ASSETS = ("assembly", "sorted_gff", "region_db", "predictions", "merged_gff3", "overview")
"""From left to right in the graph."""


class Pages:
    """A browser's page on a server.

    Args:
        page: of playwright.
        server: what it shows.
        folder: for screenshots.
    """

    def __init__(self, page: Any, server: LabServer, folder: Path) -> None:
        self.page, self.server, self.folder = page, server, folder

    def open(self, path: str) -> None:
        """Open a page."""
        self.page.goto(self.server.url + path)

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until a text can be seen."""
        self.page.get_by_text(text).filter(visible=True).first.wait_for()

    def sees_all(self, *texts: str) -> None:
        """Wait until each of some texts can be seen."""
        for text in texts:
            self.sees(text)

    def click(self, name: str) -> None:
        """Click a button, by the beginning of what is on it."""
        button = self.page.locator("button").filter(has_text=re.compile(f"^{name}"), visible=True)
        button.first.click()

    def picture(self, name: str) -> None:
        """Take a screenshot of the whole page."""
        self.page.wait_for_load_state("networkidle")
        self.page.screenshot(path=self.folder / f"{name}.png")


@contextmanager
def browser(server: LabServer, folder: Path) -> Iterator[Pages]:
    """Open Chromium with a fresh profile."""
    from playwright.sync_api import sync_playwright

    server.ask("mutation { setNuxSeen }")  # a first visit's dialog would take the clicks
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = chromium.new_page(viewport={"width": 2300, "height": 1100})
        page.set_default_timeout(1000 * PATIENCE_SECONDS)
        try:
            yield Pages(page, server, folder)
        finally:
            page.screenshot(path=folder / "last.png")
            chromium.close()


def main(deployment: str) -> None:
    """Run the scenario."""
    if CHROMIUM is None:
        skip("there is no Chromium on the PATH")
    folder = Path(tempfile.mkdtemp(prefix="pages-of-a-lab-"))
    say(f"screenshots are in {folder}")
    with (
        temporary_lab() as lab,
        served(lab, deployment) as server,
        browser(server, folder) as pages,
    ):
        added_assembly_is_annotated(pages, lab)
        finished_assets_show_what_became_of_the_genes(pages)
        all_is_materialized_again(pages)
        another_assembly_is_compared(pages, lab)
        checks_are_executed_with_their_asset(pages)
        removed_assembly_is_gone(pages, lab)


def added_assembly_is_annotated(pages: Pages, lab: Path) -> None:
    """Add an assembly, and watch its predictions."""
    demo = demo_of(lab)
    lab_command(lab, "add", "demo", *map(str, (demo / "genome.fa", demo / "genes.gff3")))
    server = pages.server
    wait_for(lambda: server.statuses(dagster__partition="demo|Chr1"), "the predictions of Chr1")
    (run,) = server.statuses(dagster__partition="demo|Chr1")
    pages.open(f"/runs/{run}")
    pages.sees(re.compile(r"predicting \d+/25 regions \([1-9]\d?%\), [\d.]+ regions/s, ETA \d+:\d"))
    pages.picture("1-progress-in-the-run")
    pages.open("/assets/predictions?view=events")
    pages.sees(re.compile(r"regions/s, ETA"))
    pages.picture("2-progress-of-the-asset")
    all_end_well(pages, lab)
    say("an assembly was added, watched and annotated")


def finished_assets_show_what_became_of_the_genes(pages: Pages) -> None:
    """Graph, figures, tables, pictures and report, of one assembly and of all."""
    pages.open("/asset-groups/")
    pages.sees_all("DuckDB", "PyTorch", "Hugging Face", "Table", "7 / 7 Passed")
    columns = [pages.page.get_by_text(name).last.bounding_box()["x"] for name in ASSETS]
    check(columns == sorted(columns), "the graph shows the assets from left to right")
    pages.picture("3-graph")
    pages.open("/assets/merged_gff3?view=partitions&partition=demo")
    pages.sees_all("annotated_percent", "annotation.gff3.report.html", "mixed_strand")
    pages.picture("4-results")
    for number, title in enumerate(("Genes by outcome", "Genes along the genome")):
        pages.page.get_by_text("[Show Markdown]").nth(number).click()
        pages.page.locator(f"img[alt='{title}']").wait_for()
        pages.picture(f"5-picture-{number + 1}")
        pages.click("Close")
    pages.open("/assets/reject_report?view=partitions&partition=demo")
    pages.sees_all("reasons", "no_cds")
    pages.picture("6-rejects")
    pages.open("/assets/overview")
    pages.sees_all("CDS sensitivity %", "demo")
    pages.picture("7-overview")


def all_is_materialized_again(pages: Pages) -> None:
    """Materialize all, from the graph."""
    before = {run.run_id for run in pages.server.runs()}
    pages.open("/asset-groups/")
    pages.click("Materialize all")
    pages.sees("Launch runs to materialize")
    launch = pages.page.get_by_role("button", name="Launch backfill")

    def all_partitions_chosen() -> bool:  # of each dimension; the dialog forgets early clicks
        for button in pages.page.get_by_role("button", name="All", exact=True).all():
            if button.is_visible():  # a dimension that follows from another goes
                button.click()
        return bool(launch.is_enabled())

    wait_for(all_partitions_chosen, "that all partitions are chosen")
    pages.picture("8-materialize-all")
    launch.click()

    def asked() -> set[str]:
        new = [run for run in pages.server.runs() if run.run_id not in before]
        return {asset for run in new if run.ended for asset in run.assets}

    wait_for(lambda: asked() >= {*ASSETS[1:], "reject_report"}, "the runs of the backfill")
    pages.open("/runs")
    pages.sees("Success")
    pages.picture("9-runs")


def another_assembly_is_compared(pages: Pages, lab: Path) -> None:
    """A second assembly: plots by partition, checks and a row of the overview of its own."""
    chromosome_of_demo(lab, "barley")
    wait_for(annotation(lab, "barley").exists, "the annotation of barley")
    all_end_well(pages, lab)
    pages.open("/assets/merged_gff3?view=overview")
    pages.click("Plots")
    pages.sees_all("annotated_percent", "mean_confidence", "complete_frames_percent")
    pages.picture("10-plots")
    pages.open("/assets/overview")
    pages.sees_all("barley", "demo")
    pages.page.get_by_text("[Show Markdown]").click()
    pages.page.locator("img[alt='All assemblies']").wait_for()
    pages.picture("11-overview-of-two")
    pages.open("/assets/merged_gff3?view=checks&checkDetail=reading_frames_are_complete")
    tabs = pages.page.get_by_role("tab")
    tabs.filter(has_text="Execution history").wait_for()  # the asset's own tabs are there before
    tabs.filter(has_text="Partitions").last.click()
    pages.sees_all("Passed (2)", "barley", "demo")
    pages.picture("12-checks")
    for name in pages.server.checks("merged_gff3"):
        judged = {*succeeded(pages.server, name)}
        check(judged == {"barley", "demo"}, f"{name} has a result for each assembly")


def checks_are_executed_with_their_asset(pages: Pages) -> None:
    """Have an assembly checked anew, as the README says: by materializing its merged_gff3."""
    name, server = "gff3_is_valid", pages.server
    before = server.check_evaluations("merged_gff3", name)
    server.finish(server.launch(["merged_gff3", "reject_report"], "barley"))
    check(server.check_evaluations("merged_gff3", name) == before + 1, "its checks were executed")
    pages.open("/asset-groups/")
    pages.sees("7 / 7 Passed")
    pages.picture("13-graph")


def removed_assembly_is_gone(pages: Pages, lab: Path) -> None:
    """The partitions of an assembly and its row of the overview go with it."""
    before = made_at(pages.server, "overview")
    lab_command(lab, "remove", "barley")
    wait_for(lambda: pages.server.assemblies() == ["demo"], "the end of its partition")
    wait_for(lambda: made_at(pages.server, "overview") > before, "an overview without it")
    for number, page in enumerate(("merged_gff3?view=partitions", "overview")):
        pages.open(f"/assets/{page}")
        pages.sees("demo")
        check(not pages.page.get_by_text("barley").count(), f"it is gone from {page}")
        pages.picture(f"14-removed-{number + 1}")


def all_end_well(pages: Pages, lab: Path) -> None:
    """Wait until every assembly is annotated and the overview is made, all without a failure."""
    server = pages.server

    def shown() -> bool:
        names = [folder.name for folder in lab.glob("assemblies/[!.]*")]
        results = [made_at(server, "merged_gff3", name) for name in names]
        return min(results) > 0 and max(results) < made_at(server, "overview")

    wait_for(shown, "the overview of all results")
    wait_for(lambda: all(run.ended for run in server.runs()), "the end of all runs")
    check({run.status for run in server.runs()} == {"SUCCESS"}, "all runs ended well")


def made_at(server: LabServer, asset: str, partition: str | None = None) -> int:
    """Time when an asset was made at last (ms); 0 for never."""
    made = server.materialization(asset, partition)
    return int(made["timestamp"]) if made else 0


def succeeded(server: LabServer, name: str) -> list[str]:
    """Assemblies for which a check has succeeded."""
    statuses = server.checks("merged_gff3")[name]["partitionStatuses"] or {}
    return list(statuses.get("succeededPartitions", []))
