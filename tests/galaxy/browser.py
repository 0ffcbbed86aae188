"""Drives the form in Chromium as a biologist does."""

import re
import shutil
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.galaxy.jobs import History
from tests.galaxy.server import EMAIL, PASSWORD, TOOL

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
JOB_LIMIT_MS = 180_000


def run_by_clicking(history: History, screenshot: Path) -> None:
    """Log in, look at the form, run the tool and look at its results.

    Args:
        history: holds the genome and the genes, ready.
        screenshot: file to write, the form with all its fields.
    """
    for dataset in (history.genome, history.genes):
        history.wait_for(dataset)
    url = history.galaxy.url
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1700})
        _log_in(page, url)
        # A new session shows an empty history of its own.
        page.request.get(f"{url}/history/set_as_current?id={history.id}")
        page.goto(f"{url}/?tool_id=transgenic_annotate")
        expect(page.get_by_role("button", name="Run Tool").first).to_be_enabled(timeout=60_000)
        _choose(page, "model_source|source", "The bundled demo model")
        page.get_by_text("Advanced options").click()
        _choose(page, "advanced|sampling|do_sample", "Draw at random")
        _check_fields(page)
        page.screenshot(path=screenshot)
        browser.close()


def _log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.locator("input[name=login]").fill(EMAIL)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[name=login]").click()
    page.wait_for_url(lambda address: "/login" not in address)


def _choose(page: Page, parameter: str, option: str) -> None:
    """Choose an option of a select field, by the beginning of its text."""
    field = page.locator(f'[id="form-element-{parameter}"]')
    field.locator(".multiselect").click()
    field.locator(".multiselect__option").filter(has_text=re.compile(f"^\\s*{option}")).click()


def _check_fields(page: Page) -> None:
    """Every parameter that the choices show has its label and its help."""
