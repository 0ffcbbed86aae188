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

from tests.dagster_server import (
    DagsterServer,
    dagster_dev,
    lab_environment,
    write_demo_lab,
)
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

    def __init__(self, page: Any, server: DagsterServer, folder: Path) -> None:
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
def browser(server: DagsterServer, folder: Path) -> Iterator[Pages]:
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
    lab = tmp_path / "lab"
    write_demo_lab(lab)
    with (lab / "options.yaml").open("a") as options:
        options.write("batch_size: 1\n")  # small units: there is something to be seen
    with dagster_dev(lab, lab_environment(lab)) as server, browser(server, tmp_path) as pages:
        graph_shows_the_assets(pages)
        materialize_all(pages, lab)
        finished_assets_show_what_became_of_the_genes(pages)
        dropped_in_assembly_is_annotated(pages, lab)
        terminated_run_goes_on_when_run_again(pages, lab)


def graph_shows_the_assets(pages: Pages) -> None:
    """The five assets from left to right, with kinds and descriptions."""
    pages.open("/asset-groups/")
    for kind in ("DuckDB", "PyTorch", "Hugging Face", "json"):
        pages.sees(kind)
    pages.picture("graph")
    columns = [pages.page.get_by_text(name).last.bounding_box()["x"] for name in ASSETS]
    assert columns[:4] == sorted(columns[:4])
    assert columns[4] > columns[2]
    pages.page.get_by_text("region_db").last.click()
    pages.sees("The windows of DNA that the model reads")


def materialize_all(pages: Pages, lab: Path) -> None:
    """Materialize all ends in success, and shows progress on its way."""
    pages.open("/asset-groups/")
    pages.click("Materialize all")
    pages.page.get_by_role("button", name="All", exact=True).click()
    pages.click("Launch backfill")
    (run,) = wait_for(
        lambda: pages.server.statuses(dagster__partition="demo|Chr1"), "the predictions of Chr1"
    )
    pages.open(f"/runs/{run}")
    pages.sees(re.compile(r"predicting \d+/25 regions \([1-9]\d?%\), [\d.]+ regions/s, ETA \d+:\d"))
    for name in ("percent", "regions_per_second", "eta"):
        pages.sees(name)
    pages.picture("run")
    pages.open("/assets/predictions?view=events")
    pages.sees("observed in run")
    pages.sees("regions/s, ETA")
    pages.sees("regions_per_second")
    pages.picture("events")
    wait_for((lab / "runs" / "demo" / "annotation.gff3.ckpt.json").exists, "the annotation")
    wait_for(
        lambda: set(pages.server.statuses(dagster__partition="demo").values()) == {"SUCCESS"},
        "the end of all runs",
    )
    assert set(pages.server.statuses().values()) == {"SUCCESS"}


def finished_assets_show_what_became_of_the_genes(pages: Pages) -> None:
    """Counts, reasons and a picture."""
    pages.open("/assets/merged_gff3?view=events&partition=demo")
    for text in ("annotated", "46", "mixed_strand", "window_too_long", "genome_map"):
        pages.sees(text)
    pages.page.get_by_text("[Show Markdown]").first.click()
    map_of_genes = pages.page.get_by_alt_text("Genes along the genome")
    map_of_genes.wait_for()
    assert map_of_genes.evaluate("picture => picture.naturalWidth") > 100
    pages.picture("map")
    pages.open("/assets/reject_report?view=events&partition=demo")
    pages.sees("DEMO1G00120")
    pages.open("/assets/merged_gff3?view=checks")
    for check in ("accounting_adds_up", "gff3_is_valid"):
        pages.sees(check)
    pages.picture("checks")


def dropped_in_assembly_is_annotated(pages: Pages, lab: Path) -> None:
    """A new folder, one chromosome of the demo: annotated in its own partitions, once."""
    demo, new = lab / "assemblies" / "demo", lab / "assemblies" / "barley"
    new.mkdir()
    shutil.copy(demo / "options.yaml", new)
    records = (demo / "genome.fa").read_text().split(">")
    (new / "genome.fa").write_text(">" + next(r for r in records if r.startswith("Chr2 ")))
    rows = (demo / "genes.gff3").read_text().splitlines(keepends=True)
    (new / "genes.gff3").write_text("".join(row for row in rows if "Chr2\t" in row))
    annotation = lab / "runs" / "barley" / "annotation.gff3.ckpt.json"
    wait_for(annotation.exists, "the new annotation")
    assert json.loads(annotation.read_text())["accounting"]["total"] == 18
    for partition, runs in (("barley", 2), ("barley|Chr2", 1)):
        assert len(pages.server.statuses(dagster__partition=partition)) == runs
    pages.open("/assets/merged_gff3?view=partitions")
    pages.sees("barley")
    pages.picture("partitions")


def terminated_run_goes_on_when_run_again(pages: Pages, lab: Path) -> None:
    """Terminate in the middle of a chromosome, then run it again."""
    journal = lab / "runs" / "barley" / "journal" / "Chr2.jsonl"
    journal.unlink()
    (run,) = pages.server.statuses(dagster__partition="barley|Chr2")
    pages.open(f"/runs/{run}")
    pages.click("Re-execute all")
    wait_for(lambda: journal.exists() and journal.stat().st_size, "some predictions")
    pages.click("Terminate")
    pages.picture("terminate")
    pages.page.get_by_role("dialog").get_by_role("button", name="Terminate").click()

    def canceled() -> list[str]:
        runs = pages.server.statuses(dagster__partition="barley|Chr2")
        return [run for run, status in runs.items() if status == "CANCELED"]

    (run,) = wait_for(canceled, "the end of the run")
    pages.open(f"/runs/{run}")
    pages.click("Re-execute all")
    pages.sees("of 18 regions of Chr2 were done already")
    pages.picture("again")
