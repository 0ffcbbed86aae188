"""Which options of a run exclude or need each other."""

from typing import TYPE_CHECKING

from transgenic_dagster.options.file_names import lifted_gff_of

if TYPE_CHECKING:
    from transgenic_dagster.options.annotate_options import AnnotateOptions


def fault_of_combination(options: "AnnotateOptions") -> str | None:
    """Return what is wrong with options that are right each by itself, None where nothing is."""
    o = options
    read_again = (o.report, o.changes, o.check_submission, o.jbrowse)
    filters = (o.min_confidence, o.complete_only, o.longest_isoform)
    faults = {
        "--lift_from takes the place of gff_file: leave one of them out": (
            o.lift_from and o.gff_file.name != lifted_gff_of(o.output).name
        ),
        "--complete and --lift_from exclude each other: lifted genes have no transcripts": (
            o.complete and o.lift_from
        ),
        "--resume and --overwrite exclude each other": o.resume and o.overwrite,
        "--checkpoint_path is read again and not compressed: drop the .gz": (
            o.checkpoint_path and o.checkpoint_path.name.endswith(".gz")
        ),
        "--report, --changes, --check_submission and --jbrowse read the annotation: give --output "
        "a name": o.to_standard_output and any(read_again),
        "--quality needs --report, where its figures are shown": o.quality and not o.report,
        "--no_sort and --sorter agat exclude each other": o.no_sort and o.sorter == "agat",
        "--complete and --grammar on exclude each other": o.complete and o.grammar == "on",
        "--complete and --changes exclude each other": o.complete and o.changes,
        "--complete keeps all transcripts of the input, so it excludes --min_confidence, "
        "--complete_only and --longest_isoform": o.complete and any(filters),
        "--names_from needs --locus_prefix, for genes that are new": (
            o.names_from and not o.locus_prefix
        ),
        "--complete keeps the names of the input: it excludes --locus_prefix": (
            o.complete and o.locus_prefix
        ),
        "--complete keeps the input anyway, so it excludes --keep_input": (
            o.complete and o.keep_input
        ),
    }
    return next((fault for fault, holds in faults.items() if holds), None)
