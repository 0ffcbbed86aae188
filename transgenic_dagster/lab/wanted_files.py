"""Files of an assembly's results that a lab writes on request, under names of its own."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from transgenic_dagster.gene_models.indexed_gff3 import index_path
from transgenic_dagster.jbrowse.folder import remove_jbrowse_folder
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.system.atomic_files import atomic_write

ON_REQUEST: Final = {
    "cds": "cds.fa",
    "cdna": "cdna.fa",
    "gtf": "annotation.gtf",
    "changes": "changes.tsv",
    "check_submission": "submission.tsv",
    "jbrowse": "jbrowse",
}
"""Names by option: true or false in a lab, a path for the program."""

_INDEX: Final = "index"
_RECORD: Final = "on_request.json"
_SHOWN_AS: Final = {"gsf_output": "sentences", "check_submission": "submission"}


def with_paths(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Options of a lab with the paths of the files that they ask for.

    Args:
        values: of the options.
        folder: of the assembly's results.
    """
    return {
        name: (folder / ON_REQUEST[name] if value else None) if name in ON_REQUEST else value
        for name, value in values.items()
    }


def without_paths(options: AnnotateOptions) -> dict[str, Any]:
    """Options as a lab takes them, as plain values."""
    values = options.model_dump(mode="json")
    return values | {name: values[name] is not None for name in ON_REQUEST}


def wanted_files(options: AnnotateOptions) -> tuple[str, ...]:
    """Whatever options ask for beyond what is always written: it changes with them."""
    wanted = [name for name in (*ON_REQUEST, _INDEX) if getattr(options, name)]
    return (*wanted, *options.quality)


def written_files(options: AnnotateOptions) -> Iterator[tuple[str, Path]]:
    """Yield what stands beside an annotation, by name."""
    for name in ("report", "gsf_output", "proteins", "refinements", *ON_REQUEST):
        if path := getattr(options, name):
            yield _SHOWN_AS.get(name, name), path
    if options.index:
        yield "sorted", options.sorted_gff3


def remove_unwanted(options: AnnotateOptions, report: Path) -> None:
    """Remove files that were made because earlier options asked for them, and these do not.

    Files of the same name that somebody else has put there stay.

    Args:
        options: of the assembly.
        report: file of the report, which these options may not have either.
    """
    folder, indexed = options.output.parent, options.sorted_gff3
    paths = {name: [folder / file] for name, file in ON_REQUEST.items()}
    paths[_INDEX] = [indexed, index_path(indexed)]
    now = [name for name in paths if getattr(options, name)]
    unwanted = [path for name in _made(folder) - {*now} for path in paths.get(name, ())]
    for path in unwanted if options.report else [*unwanted, report]:
        if path.is_dir():
            remove_jbrowse_folder(path)
        else:
            path.unlink(missing_ok=True)
    with atomic_write(folder / _RECORD) as handle:
        json.dump(now, handle)
        handle.write("\n")


def _made(folder: Path) -> set[str]:
    """Options whose files were made in a folder."""
    try:
        return set(json.loads((folder / _RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return set()
