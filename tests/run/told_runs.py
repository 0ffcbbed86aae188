"""Results of predictions that tell an annotation's own genes: the last stage without a model."""

from pathlib import Path
from typing import Any

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.input_transcripts import read_transcripts
from transgenic_dagster.gene_models.to_sentence import tell_gene
from transgenic_dagster.gsf.parser import format_sentence
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.inference.journal import Journal
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.given_options import parse_options
from transgenic_dagster.run.results import merge_pieces
from transgenic_dagster.run.stages import fingerprint_of_regions, make_region_db, make_sorted_gff
from transgenic_dagster.run.state import PieceState

MAX_WINDOW = 49_152


def options_of(fasta: Path, gff: Path, folder: Path, **more: Any) -> AnnotateOptions:
    values = {"fasta_file": fasta, "gff_file": gff, "output": folder / "out.gff3"}
    return parse_options(values | {"refine": "off"} | more)


def tell_all(options: AnnotateOptions) -> RunFolder:
    """Make the stages before the last, with predictions that are the genes of the input."""
    folder = RunFolder(options.run_folder)
    folder.mark("test", {})
    make_sorted_gff(folder, options)
    make_region_db(folder, options, max_encoder_seqlen=MAX_WINDOW)
    genes = read_genes(folder.sorted_gff, options.feature_types).genes
    rows = {gene.gene_id: gene.row for gene in genes}
    transcripts = read_transcripts(folder.sorted_gff, rows, options.feature_types)
    folder.journal_folder.mkdir(exist_ok=True)
    with RegionDb(folder.region_db) as database:
        fingerprint, _ = fingerprint_of_regions(database)
        for piece in database.pieces():
            state = PieceState(piece, fingerprint.extended({"model": "0" * 64}), "m", "1", 1)
            folder.journal(piece).unlink(missing_ok=True)
            state.write(folder.piece_state(piece))
            with Journal(folder.journal(piece), state.identity) as journal:
                for region in database.regions(piece):
                    told = tell_gene(transcripts[region.gene_id], region).sentence
                    text = format_sentence(told) if told else "?"
                    journal.append([_sentence(region.region_id, text)])
    return folder


def merge_told(fasta: Path, gff: Path, folder: Path, **more: Any) -> Accounting:
    """Write the results that a model would give which knows the annotation."""
    options = options_of(fasta, gff, folder, **more)
    return merge_pieces(tell_all(options), options)


def _sentence(region_id: int, text: str) -> PredictedSentence:
    return PredictedSentence(
        region_id=region_id,
        raw=f"<s>{text}</s>",
        clean=text,
        score=-0.1,
        confidence=0.9,
        finished=True,
        log_probability=-1.0,
    )
