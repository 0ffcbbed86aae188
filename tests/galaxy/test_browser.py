import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.galaxy import form
from tests.galaxy.browser import check_field

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FIELD = """
<div id="form-element-{path}"><span class="ui-form-title-text"><label>{label}</label></span>
<span class="ui-form-info">{help} (--option)</span></div>
"""
BOX = """
<div class="ui-portlet-section mt-3"><div class="portlet-header"><b>{label}</b></div>
<div id="form-element-{path}"><span class="ui-form-info">{help}</span></div></div>
"""


@pytest.fixture(scope="module")
def page():
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_page()
        browser.close()


@pytest.fixture
def short_patience():
    expect.set_options(timeout=100)
    yield
    expect.set_options(timeout=5000)


@pytest.mark.parametrize("wrong", [None, "label", "help"])
@pytest.mark.parametrize(
    ("path", "layout"), [("num_beams", FIELD), ("model_source|source", BOX)], ids=["field", "box"]
)
def test_a_field_must_have_its_own_label_and_help(page, short_patience, path, layout, wrong):
    (parameter,) = (p for p in form.parameters() if p.path == path)
    right = {"label": parameter.label, "help": parameter.help}
    shown = right | ({wrong: f"{right[wrong]} of something else"} if wrong == "label" else {})
    shown |= {"help": "Something else"} if wrong == "help" else {}
    # Other fields show the right texts: they must not count.
    page.set_content(
        layout.format(path="other", **right)
        + layout.format(path=path, **shown)
        + FIELD.format(path="another", **right)
    )
    field = page.locator(f'[id="form-element-{path}"]')
    if wrong:
        with pytest.raises(AssertionError):
            check_field(field, parameter)
    else:
        check_field(field, parameter)
