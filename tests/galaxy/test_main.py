from types import SimpleNamespace

import pytest

from tests.galaxy import __main__ as galaxy_run


@pytest.fixture
def nothing_to_do(monkeypatch):
    """Every part is well at once, but those that ask what this machine has."""
    asking = {"browser", "walltime", "containers"}
    for name in galaxy_run.PARTS.keys() - asking:
        monkeypatch.setitem(galaxy_run.PARTS, name, lambda trial: "well")
    for name in ("History", "check_walltime", "check_containers"):
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
    trial = galaxy_run.Trial(tmp_path, tmp_path, galaxy, tmp_path)
    left_out = galaxy_run.try_parts(trial, galaxy_run.PARTS)
    assert galaxy_run.conclude(left_out) == galaxy_run.SKIPPED != 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert f"{2 if secluded else 3} NOT CHECKED: " in last
    assert ("namespaces" in last) is not secluded
    assert "Chromium" in last
    assert "Slurm" in last or "slurm" in last


def test_the_help_names_every_part():
    assert all(f"``{name}``" in galaxy_run.__doc__ for name in galaxy_run.PARTS)
