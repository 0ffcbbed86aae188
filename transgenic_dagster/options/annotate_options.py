"""Options of an annotation run, from which every interface's options are derived.

``OptionTable`` lists them; here is what follows from their values: which go together, which files a
run has, and what its results depend on.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from transgenic_dagster.options.combinations import fault_of_combination
from transgenic_dagster.options.definition import Stage, option_extra
from transgenic_dagster.options.file_names import (
    DEFAULT_OUTPUT,
    STANDARD_OUTPUT,
    lifted_gff_of,
    named_after,
    run_state_file_of,
)
from transgenic_dagster.options.option_table import OptionTable
from transgenic_dagster.system.digest import file_sha256


class AnnotateOptions(OptionTable):
    """Options of one annotation run."""

    @model_validator(mode="before")
    @classmethod
    def _name_lifted_genes(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("lift_from") is None:
            return values
        output = Path(values.get("output", DEFAULT_OUTPUT))
        return {"gff_file": lifted_gff_of(output), **values}

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if fault := fault_of_combination(self):
            raise ValueError(fault)
        return self

    @property
    def task(self) -> Literal["predict", "complete", "score"]:
        """What the model does: write genes afresh, complete them, or score them."""
        return "complete" if self.complete else "predict"

    @property
    def sorting(self) -> Literal["builtin", "agat", "none"]:
        """Program that sorts the annotation, or ``none``."""
        return "none" if self.no_sort else self.sorter

    @property
    def reject_path(self) -> Path:
        """File of the rejects."""
        return self.reject_output or self._beside(".rejects.txt")

    @property
    def run_state_file(self) -> Path:
        """File of the run's summary."""
        return self.checkpoint_path or run_state_file_of(self._named_after)

    @property
    def input_files(self) -> dict[str, Path]:
        """Files of the user that the run starts from, by what they are."""
        if self.lift_from:
            old_genome, old_annotation = self.lift_from
            return {
                "genome": self.fasta_file,
                "genome to lift from": old_genome,
                "annotation to lift from": old_annotation,
            }
        return {"genome": self.fasta_file, "annotation": self.gff_file}

    @property
    def lifted_files(self) -> tuple[Path, ...]:
        """Files that lifting makes: the annotation that the run starts from, and a table."""
        return (self.gff_file, self._beside(".lifted.tsv")) if self.lift_from else ()

    @property
    def run_folder(self) -> Path:
        """Folder of everything that is not final."""
        return self.work_folder or self._beside(".work")

    @property
    def to_standard_output(self) -> bool:
        """Whether the annotation goes to the standard output, and other files have other names."""
        return self.output == STANDARD_OUTPUT

    @property
    def sorted_gff3(self) -> Path:
        """File of the annotation sorted by position."""
        name = self._named_after.name.removesuffix(".gz").removesuffix(".gff3")
        return self.output.with_name(f"{name}.sorted.gff3.gz")

    @property
    def _named_after(self) -> Path:
        return named_after(self.output)

    def _beside(self, suffix: str) -> Path:
        return self._named_after.with_name(self._named_after.name + suffix)

    def affecting_results(self, stage: Stage) -> dict[str, str]:
        """Values, as text by name, of the options that change what a stage makes.

        ``--no_sort`` shows as the sorter ``none``; a seed counts only where it is used; of the file
        of ``--names_from`` its content counts.
        """
        values = dict(self) | {
            "sorter": self.sorting,
            "seed": self.seed if self.do_sample else "unused",
            "names_from": _content_of(self.names_from) if self.names_from else "",
        }
        return {
            name: _as_text(values[name])
            for name, field in type(self).model_fields.items()
            if (extra := option_extra(field)).get("stage") == stage
            and (extra["without_effect"] is None or values[name] != extra["without_effect"])
        }


def _content_of(path: Path) -> str:
    """Digest of a file, which is read again only when it has changed: labs ask often."""
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest(path: Path, size: int, modified: int) -> str:  # noqa: ARG001  (they are of the key)
    return file_sha256(path)


def _as_text(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
