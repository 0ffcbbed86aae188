"""No file of the user's is overwritten by an output, whatever its path looks like."""

import os
import stat
from pathlib import Path

import pytest

from tests.assemblies import golden_contigs
from tests.run.test_annotate import TINY, run
from transgenic_dagster.errors import UsageError


@pytest.fixture
def assembly(tmp_path):
    return golden_contigs(tmp_path)


def link_to_genome(assembly, folder):
    path = folder / "link.gff3"
    path.symlink_to(assembly.fasta)
    return path


def hard_link_to_genome(assembly, folder):
    path = folder / "hard.gff3"
    path.hardlink_to(assembly.fasta)
    return path


def through_a_linked_folder(assembly, folder):
    path = folder / "linked"
    path.symlink_to(folder, target_is_directory=True)
    return path / assembly.gff.name


def with_dots(assembly, folder):
    (folder / "sub").mkdir()
    return folder / "sub" / ".." / assembly.fasta.name


def model_file(_assembly, _folder):
    return Path(TINY["model"]) / "config.json"


@pytest.mark.parametrize(
    "output",
    [link_to_genome, hard_link_to_genome, through_a_linked_folder, with_dots, model_file],
)
@pytest.mark.parametrize("option", ["output", "proteins", "checkpoint_path"])
def test_no_output_is_an_input_under_another_name(assembly, tmp_path, output, option):
    path = output(assembly, tmp_path)
    inputs = [assembly.fasta, assembly.gff, Path(TINY["model"]) / "config.json"]
    before = [file.read_bytes() for file in inputs]
    with pytest.raises(UsageError, match="which the run reads"):
        run(assembly, tmp_path, max_length=4, **{option: path})
    assert [file.read_bytes() for file in inputs] == before


def test_two_outputs_are_not_one_file(assembly, tmp_path):
    linked = tmp_path / "linked"
    linked.symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(UsageError, match="named for two purposes"):
        run(assembly, tmp_path, max_length=4, gsf_output=linked / "out.gff3")
    assert not (tmp_path / "out.gff3").exists()


def test_a_device_stays_a_device(assembly, tmp_path):
    device = tmp_path / "nothing"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("device nodes cannot be made here")
    assert run(assembly, tmp_path, max_length=4, proteins=device).total == 6
    assert stat.S_ISCHR(device.stat().st_mode)


def test_a_folder_that_is_not_a_runs_is_not_touched(assembly, tmp_path):
    precious = tmp_path / "scratch"
    (precious / "journal").mkdir(parents=True)
    (precious / "journal" / "thesis.txt").write_text("years of work")
    (tmp_path / "out.gff3.work").symlink_to(precious, target_is_directory=True)
    with pytest.raises(UsageError, match="is not the folder of a run"):
        run(assembly, tmp_path, max_length=4, overwrite=True)
    assert (precious / "journal" / "thesis.txt").read_text() == "years of work"


def test_a_link_to_an_empty_folder_is_a_work_folder(assembly, tmp_path):
    elsewhere = tmp_path / "fast"
    elsewhere.mkdir()
    (tmp_path / "out.gff3.work").symlink_to(elsewhere, target_is_directory=True)
    assert run(assembly, tmp_path, max_length=4).total == 6
    assert list(elsewhere.iterdir()) == []


def test_what_cannot_be_written_is_told_before_any_work(assembly, tmp_path):
    closed = Path("/proc/self/out.gff3")
    with pytest.raises(UsageError, match="cannot be written"):
        run(assembly, tmp_path, max_length=4, proteins=closed)
    assert not (tmp_path / "out.gff3.work").exists()
