import pytest

from transgenic_dagster.errors import UsageError
from transgenic_dagster.run.folder import RunFolder

OF_KILLED_PROCESSES = (
    *(".run.json.123@here.0a1b2c3d.partial", ".sorted.gff3.123@here.0a1b2c3d.partial"),
    *(".sorted.gff3.origin.json.123@here.0a1b2c3d.partial", ".regions.duckdb.partial"),
    *(".regions.duckdb.partial.wal", ".duckdb-x1y2"),
)


def test_what_killed_processes_left_is_removed_with_the_run(tmp_path):
    folder = RunFolder(tmp_path / "work")
    folder.mark("a test", {})
    for name in OF_KILLED_PROCESSES:
        (folder.root / name).touch()
    folder.remove()
    assert not folder.root.exists()


def test_files_of_others_stay_when_a_run_is_removed(tmp_path):
    folder = RunFolder(tmp_path / "work")
    folder.mark("a test", {})
    for name in ("notes.txt", ".mine.gff3.partial", "regions.duckdb.partial"):
        (folder.root / name).touch()
    folder.remove()
    left = {path.name for path in folder.root.iterdir()}
    assert left == {"notes.txt", ".mine.gff3.partial", "regions.duckdb.partial"}


def test_a_run_that_was_killed_while_it_marked_its_folder_can_begin_again(tmp_path):
    folder = RunFolder(tmp_path / "work")
    folder.root.mkdir()
    (folder.root / OF_KILLED_PROCESSES[0]).touch()
    folder.mark("a test", {})
    assert folder.made_by("a test")


def test_a_folder_with_files_of_others_is_not_marked(tmp_path):
    folder = RunFolder(tmp_path / "work")
    folder.root.mkdir()
    (folder.root / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"it holds notes\.txt"):
        folder.mark("a test", {})
