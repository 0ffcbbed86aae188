"""Options of the programs that judge annotations: ``transgenic-score``, ``transgenic-referee``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic.fields import FieldInfo

from transgenic_dagster.options import FILES, AnnotateOptions, Stage, option

_ONLY_FOR_WRITING = frozenset(
    {
        "lift_from",
        "gsf_output",
        "proteins",
        "cds",
        "cdna",
        "gtf",
        "index",
        "names_from",
        "locus_prefix",
        "keep_attributes",
        "cds_ids",
        "min_confidence",
        "complete_only",
        "longest_isoform",
        "refinements",
        "report",
        "changes",
        "check_submission",
        "jbrowse",
        "quality",
        "strict_gff3",
        "num_beams",
        "do_sample",
        "seed",
    }
    | {"grammar", "complete", "refine", "refine_distance", "keep_all", "keep_input", "compile"}
)


class ScoreOptions(AnnotateOptions):
    """Options of scoring an annotation; what only writing genes needs stays at its defaults."""

    output: Path = option(Path("transgenic_scores.tsv"), FILES, "scores to write, TSV", "FILE")
    gff3: Path | None = option(
        None, FILES, "also write the input's rows with scores in column 6, GFF3", "FILE"
    )

    @model_validator(mode="after")
    def _check_name(self) -> Self:
        if self.to_standard_output:
            raise ValueError("--output: name a file; only an annotation goes to standard output")
        return self

    @property
    def task(self) -> Literal["predict", "complete", "score"]:
        """What the model does."""
        return "score"

    def affecting_results(self, stage: Stage) -> dict[str, str]:
        """See ``AnnotateOptions``; scores are not predictions."""
        return super().affecting_results(stage) | (
            {"task": self.task} if stage == Stage.PREDICTIONS else {}
        )

    @classmethod
    def of_program(cls) -> Mapping[str, FieldInfo]:
        """Options that the program takes."""
        return {n: f for n, f in cls.model_fields.items() if n not in _ONLY_FOR_WRITING}

    @classmethod
    def beside(cls, prediction: AnnotateOptions, scores: Path, gff3: Path | None) -> "ScoreOptions":
        """Options of scoring the input of a prediction, as far as they concern scoring.

        Args:
            prediction: its options.
            scores: table to write.
            gff3: rows with scores to write, if they are wanted.
        """
        given = prediction.model_dump(exclude_unset=True, include=set(cls.of_program()))
        return cls(**given | {"output": scores, "gff3": gff3})


class RefereeOptions(ScoreOptions):
    """Options of picking the likeliest genes of several annotations."""

    gff_file: Path = Path()
    annotations: tuple[Path, ...] = Field(
        min_length=2, description="annotations of that genome; GFF3, GTF; plain, gzip or bgzip"
    )
    output: Path = option(Path("transgenic_best.gff3"), FILES, "genes to write, GFF3", "FILE")
    decisions: Path | None = option(
        None, FILES, "table of all decisions, TSV (OUTPUT.decisions.tsv)", "FILE"
    )

    @property
    def decisions_path(self) -> Path:
        """File of the decisions."""
        return self.decisions or self.output.with_name(f"{self.output.name}.decisions.tsv")

    def scoring(self, candidates: Path, scores: Path) -> ScoreOptions:
        """Options of scoring the candidates of all annotations.

        Args:
            candidates: them, as one annotation.
            scores: table to write.
        """
        own = {"gff_file", "annotations", "output", "decisions", "work_folder", "feature_types"}
        own |= {"sorter", "no_sort", "biotype"}
        given = self.model_dump(exclude_unset=True, exclude=own)
        return ScoreOptions(**given, gff_file=candidates, output=scores, biotype="all")

    @classmethod
    def of_program(cls) -> Mapping[str, FieldInfo]:
        """Options that the program takes."""
        without = {
            "biotype",
            "gff_file",
            "gff3",
            "reject_output",
            "plan",
            "keep_db",
            "checkpoint_path",
        }
        return {n: f for n, f in super().of_program().items() if n not in without}
