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
def test_a_field_must_have_its_own_label_and_help(page, short_patience, wrong):
    model, other = (p for p in form.parameters() if p.path in {"model_source|source", "num_beams"})
    texts = {"label": model.label, "help": model.help}
    if wrong:
        texts[wrong] = "Model of something else"
    # The other field holds the right texts: they must not count.
    page.set_content(
        FIELD.format(path=model.path, **texts)
        + FIELD.format(path=other.path, label=model.label, help=model.help)
    )
    field = page.locator(f'[id="form-element-{model.path}"]')
    if wrong:
        with pytest.raises(AssertionError):
            check_field(field, model)
    else:
        check_field(field, model)
