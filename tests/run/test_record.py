"""Times of stages are kept beside a run; what a crash left of them never stops it."""

from pathlib import Path

import pytest

from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.record import describe_run, timed

WHOLE = b'{"stage":"region_db","seconds":2.0,"machine":"a node"}'


@timed("predictions")
def predict(folder: RunFolder) -> None:
    pass


def seconds(root: Path) -> dict[str, float]:
    options = AnnotateOptions(fasta_file=Path("genome.fa"), gff_file=Path("genes.gff3"))
    return describe_run(RunFolder(root), options, 0.0)["seconds"]


def test_times_of_a_stage_that_began_again_are_added_up(tmp_path):
    times = RunFolder(tmp_path).times
    times.write_bytes(WHOLE + b"\n" + WHOLE + b"\n")
    predict(RunFolder(tmp_path))
    assert seconds(tmp_path)["region_db"] == 4
    assert times.read_bytes().count(b'"predictions"') == 1


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_time_that_was_written_in_part_is_left_out(tmp_path, length):
    times = RunFolder(tmp_path).times
    times.write_bytes(WHOLE + b"\n" + WHOLE[:length])
    predict(RunFolder(tmp_path))
    with times.open("ab") as handle:
        handle.write(b"\n" + WHOLE)
    assert seconds(tmp_path)["region_db"] == 4


@pytest.mark.parametrize(
    "damage", [b"\xff\xfe\n", b"[]\n", b'{"stage":"dance","seconds":1,"machine":"a"}\n', b"\0" * 9]
)
def test_a_damaged_line_costs_no_other(tmp_path, damage):
    RunFolder(tmp_path).times.write_bytes(damage + b"\n" + WHOLE)
    assert seconds(tmp_path)["region_db"] == 2
