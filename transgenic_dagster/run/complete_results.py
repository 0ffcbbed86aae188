"""The results of completing an annotation: the input's rows, and the isoforms that they gain."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.completed_input import CompletedInput, new_isoforms
from transgenic_dagster.gene_models.gene_model import GeneModel
from transgenic_dagster.gene_models.gsf_table import GsfTable
from transgenic_dagster.gene_models.rejects import Reject, write_reject
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.gene_building import build_genes
from transgenic_dagster.run.gene_files import GeneFiles
from transgenic_dagster.run.gff3_files import Gff3Files
from transgenic_dagster.run.given_sentences import GivenSentences
from transgenic_dagster.run.result_files import write_skipped
from transgenic_dagster.run.result_paths import ResultPaths
from transgenic_dagster.system.output_files import write_output


def write_completed(
    folder: RunFolder,
    database: RegionDb,
    sentences: Mapping[str, Sequence[PredictedSentence]],
    options: AnnotateOptions,
    provenance: Mapping[str, str],
) -> tuple[Accounting, Counter[str]]:
    """Write the final files of completion, which appear complete or not at all.

    Every gene of the input stays as it is, also those that are rejected or skipped.

    Returns:
        What became of every gene of the input, and how many genes of each piece are rejected.
    """
    paths = ResultPaths.of(options)
    accounting, rejected = Accounting(isoforms_gained=0), Counter[str]()
    given = GivenSentences(folder, options)
    gained: dict[str, GeneModel] = {}
    with ExitStack() as files:
        rejects = files.enter_context(write_output(paths.rejects))
        table = GsfTable(files.enter_context(write_output(paths.gsf))) if paths.gsf else None
        write_skipped(rejects, database.skipped(), accounting)
        for prediction, built in build_genes(database, sentences, options):
            piece, region, sentence, _ = prediction
            gene, faults = built
            if left_out := given.of(region).fault:
                reason, detail = left_out.reason, left_out.detail
                gene, faults = None, [Reject.from_sentence(region, sentence, reason, detail)]
            accounting.count_output(gene is not None, faults)
            rejected[piece] += gene is None
            for fault in faults:
                write_reject(rejects, fault)
            if table is not None:
                table.write(region, sentence, annotated=gene is not None)
            new = new_isoforms(gene, given.transcripts(region)) if gene else None
            if new is not None:
                gained[region.gene_id] = new
                accounting.count_gained(new)
        accounting.check(database.input_gene_count())
        genes = read_genes(folder.sorted_gff, options.feature_types).genes
        completed = CompletedInput(
            folder.sorted_gff,
            {gene.gene_id: gene.row for gene in genes},
            options.feature_types,
            gained,
            "gm" if options.strict_gff3 else "GM",
            options.cds_ids,
        )
        gff3 = Gff3Files(paths, folder.sorting, files)
        lines = completed.lines()
        gff3.write(next(lines))  # the version
        for key, value in provenance.items():
            gff3.write(" ".join(f"#!{key} {value}".split()) + "\n")
        for line in lines:
            gff3.write(line)
        gff3.finish()
        beside = GeneFiles(paths, files)
        for gene in gained.values():
            beside.write_gene(gene)
    return accounting, rejected
