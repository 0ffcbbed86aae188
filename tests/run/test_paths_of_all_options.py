"""Whatever the paths of all options look like, no input changes by a byte."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests import golden
from tests.assemblies import write_fasta, write_genes
from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.run.given_options import parse_options
from transgenic_dagster.run.outputs import check_outputs
from transgenic_dagster.run.result_paths import ResultPaths
from transgenic_dagster.system.atomic_files import atomic_write

READ = {"fasta_file": "genome.fa", "gff_file": "genes.gff3", "model": "model"}
WRITTEN = [
    name
    for name, field in AnnotateOptions.model_fields.items()
    if (field.annotation is Path or Path in get_args(field.annotation))
    and name not in {*READ, "work_folder", "names_from"}
]
PRECIOUS = ("genome.fa", "genes.gff3", "model/config.json", "model/model.safetensors", "sub/mine")
OTHERS = ("GENOME.fa", "out", "link", "hard", "dangling", "fifo", "nul", "sub", "sub/out", "no/out")
WAYS = ("{}", "./{}", "sub/../{}", "linked/{}", "linked/sub/../{}", "model/../{}")


def paths_to(*names: str) -> st.SearchStrategy[str]:
    ways = st.tuples(st.sampled_from(WAYS), st.sampled_from(names))
    return ways.map(lambda drawn: drawn[0].format(drawn[1]))


PATHS = paths_to(*PRECIOUS[:4], *OTHERS, "model", ".")
OUTPUTS = st.fixed_dictionaries({}, optional=dict.fromkeys([*WRITTEN, "work_folder"], PATHS))
ANY_INPUTS = st.fixed_dictionaries({name: paths_to(good) | PATHS for name, good in READ.items()})
GOOD_INPUTS = st.fixed_dictionaries({name: paths_to(good) for name, good in READ.items()})
EXIT_CODES = {2, 3, 4, 5, 75}


@contextmanager
def folder_of_files() -> Iterator[Path]:
    """Yield a folder with inputs, links, a pipe that somebody reads, and a device if permitted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sub").mkdir()
        (folder / "sub/mine").write_text("precious")
        shutil.copytree(golden.TINY_CHECKPOINT, folder / "model")
        write_fasta(folder / "genome.fa", {"c": "ACGTTGCA" * 500})
        write_genes(folder / "genes.gff3", [("c", 1000, 1900, "+", "ID=g")])
        (folder / "linked").symlink_to(folder, target_is_directory=True)
        (folder / "link").symlink_to("genome.fa")
        (folder / "hard").hardlink_to(folder / "genes.gff3")
        (folder / "dangling").symlink_to("out")
        os.mkfifo(folder / "fifo")
        reader = os.open(folder / "fifo", os.O_RDWR)
        make_null_device(folder / "nul")
        try:
            yield folder
        finally:
            os.close(reader)


def make_null_device(path: Path) -> None:
    """Make a device of the test's own that swallows what is written, where that is permitted."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        path.write_text("")
    except OSError:
        path.unlink(missing_ok=True)


def state(folder: Path) -> list[object]:
    """Return what no run may change: content and inode of files, kinds and targets of others."""
    files = [((folder / n).read_bytes(), (folder / n).stat().st_ino) for n in PRECIOUS]
    kinds = [(folder / n).lstat().st_ino for n in ("linked", "link", "hard", "fifo")]
    device = (folder / "nul").lstat() if (folder / "nul").is_char_device() else None
    return [*files, *kinds, (device.st_ino, device.st_rdev) if device else None]


def options_in(folder: Path, drawn: dict[str, str], **more: Any) -> AnnotateOptions:
    paths = {option: str(folder / path) for option, path in drawn.items()}
    return parse_options({"output": folder / "default.gff3"} | paths | more)


def check_refusal(error: TransgenicError) -> None:
    """Check the exit code and that the message is one sentence."""
    text = str(error)
    assert error.exit_code in EXIT_CODES
    assert "\n" not in text
    assert "PosixPath" not in text
    assert text.endswith(".")


@settings(max_examples=100, deadline=None)
@given(OUTPUTS)
@example({"output": "nul", "proteins": "linked/nul"})
@example({"output": "model/config.json"})
@example({"output": "sub/../hard"})
def test_no_output_changes_an_input(outputs: dict[str, str]) -> None:
    with folder_of_files() as folder:
        before = state(folder)
        options = options_in(folder, READ | outputs)
        written = (*ResultPaths.of(options).all(), options.run_state_file)
        try:
            check_outputs(options, written, [folder / name for name in PRECIOUS[2:4]])
        except TransgenicError as error:
            check_refusal(error)
        else:
            for output in written:
                with atomic_write(output) as handle:
                    handle.write("result")
            assert all(not o.is_file() or o.read_text() == "result" for o in written)
        assert state(folder)[:4] == before[:4]
        assert state(folder)[5:] == before[5:]


@settings(max_examples=15, deadline=None)
@given(OUTPUTS, ANY_INPUTS | GOOD_INPUTS, st.sampled_from([{}, {"overwrite": True}]))
@example({"output": "nul"}, READ, {})
@example({"work_folder": "sub"}, READ, {"overwrite": True})
@example({"work_folder": "model", "output": "dangling"}, READ, {"overwrite": True})
def test_no_run_changes_an_input_whatever_its_exit_code(
    outputs: dict[str, str], inputs: dict[str, str], more: dict[str, Any]
) -> None:
    with folder_of_files() as folder:
        before = state(folder)
        small = {
            "device": "cpu",
            "num_workers": 0,
            "max_length": 4,
            "num_beams": 1,
            "offline": True,
        }
        try:
            annotate(options_in(folder, inputs | outputs, **small, **more), SilentProgress())
        except TransgenicError as error:
            check_refusal(error)
        assert state(folder) == before
