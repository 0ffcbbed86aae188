"""Checks of a run's files before any work: nothing of the user's is overwritten or in vain."""

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryFile

from transgenic_dagster.errors import UsageError
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.system.paths import same_file


def check_outputs(
    options: AnnotateOptions, outputs: Iterable[Path], model_files: Iterable[Path]
) -> None:
    """Check that every output can be written, and that none is a file of another purpose.

    Args:
        options: of the run; they name the inputs.
        outputs: files that the run is going to write.
        model_files: files of the model.

    Raises:
        UsageError: a folder is missing or cannot be written, or a file is named for two purposes.
    """
    inputs = [*options.input_files.values(), *filter(None, [options.names_from])]
    check_files([*inputs, *model_files], outputs)


def check_files(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Check that outputs can be written, and that none is an input or another output.

    Paths are compared as files (device and inode, folders resolved), not as texts.

    Raises:
        UsageError: a folder is missing or cannot be written, or a file is named for two purposes.
    """
    inputs, outputs = list(inputs), list(outputs)
    for output in outputs:
        _check_writable(output)
        for path in inputs:
            if same_file(output, path):
                raise UsageError(
                    f"The output {output} is the file {path}, which the run reads; choose another "
                    "name."
                )
    for one, other in combinations(outputs, 2):
        if same_file(one, other):
            raise UsageError(
                f"The file {other} is named for two purposes ({one} is the same file); choose "
                "another name."
            )


def _check_writable(output: Path) -> None:
    folder = output.parent
    if not folder.is_dir():
        raise UsageError(f"The folder {folder} of {output.name} does not exist; create it.")
    if output.is_dir():
        raise UsageError(f"{output} is a folder; name a file to write.")
    if output.exists() and not output.is_file():
        return  # devices and pipes are written to as they are
    try:
        with TemporaryFile(dir=output.resolve().parent):
            pass
    except OSError as error:
        raise UsageError(
            f"{output} cannot be written ({error.strerror}); choose another folder."
        ) from error
