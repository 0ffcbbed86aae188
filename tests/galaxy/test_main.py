from types import SimpleNamespace

import pytest

from tests.galaxy import __main__ as galaxy_run


@pytest.fixture
def nothing_to_do(monkeypatch):
    for name in (
        *("History", "run_tool_tests", "check_hard_run", "check_message_names_dataset"),
        *("check_containers", "check_model_from_history", "check_data_manager"),
        *("check_collection", "check_workflow"),
    ):
        monkeypatch.setattr(galaxy_run, name, lambda *_: None)
    monkeypatch.setattr(galaxy_run.shutil, "which", lambda _: None)


def test_a_run_that_checked_everything_ends_with_zero(capsys):
    assert galaxy_run.conclude([]) == 0
    assert "NOT CHECKED" not in capsys.readouterr().out


@pytest.mark.parametrize("secluded", [True, False])
def test_what_a_machine_cannot_run_is_counted_in_the_result(
    nothing_to_do, capsys, tmp_path, secluded
):
    galaxy = SimpleNamespace(secluded=secluded)
    left_out = galaxy_run.try_tool(tmp_path, galaxy, tmp_path)
    assert galaxy_run.conclude(left_out) == galaxy_run.SKIPPED != 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert f"{1 if secluded else 2} NOT CHECKED: " in last
    assert ("namespaces" in last) is not secluded
    assert "Chromium" in last
