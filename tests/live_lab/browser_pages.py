"""Dagster's web pages, with real clicks in Chromium, on a lab as the README makes it.

Screenshots stay in the test's temporary folder.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.live_lab.deployments import lab_command
from tests.live_lab.graphql import LabServer
from tests.live_lab.labs import annotation, chromosome_of_demo, put_demo, served, temporary_lab
from tests.waiting import PATIENCE_SECONDS, wait_for

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH")

ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
ASSETS = ("sorted_gff", "region_db", "predictions", "merged_gff3", "reject_report")


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
        self.page.goto(self.server.url + path)

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until a text can be seen."""
        self.page.get_by_text(text).first.wait_for()

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.folder / f"{name}.png")


@contextmanager
def browser(server: LabServer, folder: Path) -> Iterator[Pages]:
    """Open Chromium with a fresh profile."""
    server.ask("mutation { setNuxSeen }")  # a first visit's dialog would take the clicks
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = chromium.new_page(viewport={"width": 1800, "height": 1000})
        page.set_default_timeout(1000 * PATIENCE_SECONDS)
        try:
            yield Pages(page, server, folder)
        finally:
            page.screenshot(path=folder / "last.png")
            chromium.close()


def test_a_lab_is_annotated_with_clicks_and_without(tmp_path):
    with (
        temporary_lab(batch_size=1) as lab,  # small units: there is something to be seen
        served(lab, "dev") as server,
        browser(server, tmp_path) as pages,
    ):
        graph_shows_the_assets(pages)
        materialize_all(pages, lab)
        finished_assets_show_what_became_of_the_genes(pages)
        another_assembly_has_checks_of_its_own(pages, lab)
        removed_assembly_is_gone(pages, lab)


def graph_shows_the_assets(pages: Pages) -> None:
    """The assets from left to right, with kinds and descriptions."""
    pages.open("/asset-groups/")
    for kind in ("DuckDB", "PyTorch", "Hugging Face", "json"):
        pages.sees(kind)
    pages.picture("1-graph")
    columns = [pages.page.get_by_text(name).last.bounding_box()["x"] for name in ASSETS]
    assert columns[:4] == sorted(columns[:4])
    assert columns[4] > columns[2]
    pages.page.get_by_text("region_db").last.click()
    pages.sees("The windows of DNA that the model reads")


def materialize_all(pages: Pages, lab: Path) -> None:
    """Materialize all ends in success, and shows progress on its way."""
    put_demo(lab)
    wait_for(lambda: pages.server.assemblies() == ["demo"], "the partition of the demo")
    wait_for(lambda: pages.server.statuses(dagster__partition="demo|Chr1"), "predictions of Chr1")
    (run,) = pages.server.statuses(dagster__partition="demo|Chr1")
    pages.open(f"/runs/{run}")
    pages.sees(re.compile(r"predicting \d+/25 regions \([1-9]\d?%\), [\d.]+ regions/s, ETA \d+:\d"))
    for name in ("percent", "regions_per_second", "eta"):
        pages.sees(name)
    pages.picture("2-run")
    pages.open("/assets/predictions?view=events")
    pages.sees("regions/s, ETA")
    pages.picture("3-events")
    wait_for(annotation(lab, "demo").exists, "the annotation")
    wait_for(lambda: all(run.ended for run in pages.server.runs()), "the end of all runs")
    assert {run.status for run in pages.server.runs()} == {"SUCCESS"}
    pages.open("/asset-groups/")
    pages.click("Materialize all")
    pages.sees("Launch backfill")
    pages.picture("4-materialize-all")
    pages.page.get_by_role("button", name="All", exact=True).first.click()
    pages.picture("4-materialize-all-selected")
    pages.click("Launch backfill")
    before = len(pages.server.runs())
    wait_for(lambda: len(pages.server.runs()) > before, "runs of the backfill")
    wait_for(lambda: all(run.ended for run in pages.server.runs()), "the end of all runs")
    assert {run.status for run in pages.server.runs()} == {"SUCCESS"}


def finished_assets_show_what_became_of_the_genes(pages: Pages) -> None:
    """Counts, reasons and pictures, without a click; plots by partition."""
    pages.open("/assets/merged_gff3?partition=demo")
    pages.sees("annotated_percent")
    pages.sees("complete frames, %")  # of the preview
    pages.picture("5-merged")
    pages.click("Plots")
    pages.sees("mean_confidence")
    pages.picture("6-plots")
    pages.open("/assets/reject_report?partition=demo")
    pages.sees("truncated")
    pages.picture("7-rejects")
    pages.open("/assets/overview")
    pages.sees("chart")
    pages.picture("8-overview")
    pages.open("/asset-groups/")
    pages.sees("reject_report")
    pages.picture("8-graph")


def another_assembly_has_checks_of_its_own(pages: Pages, lab: Path) -> None:
    """A second assembly, one chromosome of the demo: annotated, with its own checks."""
    chromosome_of_demo(lab, "barley")
    wait_for(annotation(lab, "barley").exists, "the new annotation")
    assert json.loads(annotation(lab, "barley").read_text())["accounting"]["total"] == 18
    wait_for(
        lambda: "barley" in succeeded(pages.server, "accounting_adds_up"), "the checks of barley"
    )
    pages.open("/assets/merged_gff3?view=checks")
    pages.sees("accounting_adds_up")
    pages.picture("9-checks")
    pages.open("/assets/merged_gff3?view=partitions")
    pages.sees("barley")
    pages.picture("10-partitions")


def succeeded(server: LabServer, check: str) -> list[str]:
    """Assemblies for which a check has succeeded."""
    statuses = server.checks("merged_gff3")[check]["partitionStatuses"] or {}
    return list(statuses.get("succeededPartitions", []))


def removed_assembly_is_gone(pages: Pages, lab: Path) -> None:
    """The partition of an assembly goes with it."""
    lab_command(lab, "remove", "barley")
    wait_for(lambda: pages.server.assemblies() == ["demo"], "the end of its partition")
    pages.open("/assets/merged_gff3?view=partitions")
    pages.sees("demo")
    pages.picture("11-removed")
