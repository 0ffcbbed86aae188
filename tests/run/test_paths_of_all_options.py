"""Whatever the paths of all options look like, no input changes by a byte."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.options import AnnotateOptions, parse_options
from transgenic_dagster.run.outputs import check_outputs
from transgenic_dagster.run.result_paths import ResultPaths
from transgenic_dagster.system.atomic_files import atomic_write

INPUTS = ("genome.fa", "genes.gff3", "model/config.json")
WRITTEN = [
    name
    for name, field in AnnotateOptions.model_fields.items()
    if (field.annotation is Path or Path in get_args(field.annotation))
    and name not in {"fasta_file", "gff_file", "work_folder"}
]
NAMES = st.sampled_from(
    [*INPUTS, "GENOME.fa", "out", "link", "hard", "dangling", "fifo", "sub", "sub/out", "no/out"]
)
WAYS = st.sampled_from(["{}", "./{}", "sub/../{}", "linked/{}", "linked/sub/../{}", "model/../{}"])
PATHS = st.tuples(WAYS, NAMES).map(lambda drawn: drawn[0].format(drawn[1]))


def make_files(folder):
    (folder / "sub").mkdir()
    (folder / "model").mkdir()
    for name in INPUTS:
        (folder / name).write_text(f"precious {name}")
    (folder / "linked").symlink_to(folder, target_is_directory=True)
    (folder / "link").symlink_to("genome.fa")
    (folder / "hard").hardlink_to(folder / "genes.gff3")
    (folder / "dangling").symlink_to("out")
    os.mkfifo(folder / "fifo")


def state(folder):
    return [((folder / n).read_bytes(), (folder / n).stat().st_ino) for n in INPUTS]


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(WRITTEN, PATHS)))
def test_no_output_changes_an_input(paths):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder)
        before = state(folder)
        given_paths = {option: folder / path for option, path in paths.items()}
        inputs = {"fasta_file": folder / "genome.fa", "gff_file": folder / "linked/genes.gff3"}
        options = parse_options({"output": folder / "default.gff3"} | inputs | given_paths)
        outputs = (*ResultPaths.of(options).all(), options.run_state_file)
        with suppress(TransgenicError):
            check_outputs(options, outputs, [folder / INPUTS[2]])
            for output in outputs:
                if not output.is_fifo():
                    with atomic_write(output) as handle:
                        handle.write("result")
            assert all(o.is_fifo() or o.read_text() == "result" for o in outputs)
        assert state(folder) == before
