"""The results of scoring: the table, the annotation with scores, and what has none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.gene_scores import score_gene
from transgenic_dagster.gene_models.rejects import Reject, write_reject
from transgenic_dagster.gene_models.score_table import ScoreTable
from transgenic_dagster.gene_models.scored_gff3 import RowScores
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.given_sentences import GivenSentences
from transgenic_dagster.run.journals import sentences_by_region
from transgenic_dagster.run.judging_options import ScoreOptions
from transgenic_dagster.run.result_files import write_skipped
from transgenic_dagster.run.result_paths import ScorePaths
from transgenic_dagster.system.output_files import write_output


def write_scores(
    folder: RunFolder,
    database: RegionDb,
    sentences: Mapping[str, Sequence[PredictedSentence]],
    options: ScoreOptions,
) -> tuple[Accounting, Counter[str]]:
    """Write the final files of scoring, which appear complete or not at all.

    Returns:
        What became of every gene of the input, and how many genes of each piece have no score.
    """
    paths = ScorePaths.of(options)
    accounting, rejected = Accounting(scored=True), Counter[str]()
    by_region = sentences_by_region(sentences)
    regions = database.regions()
    given = GivenSentences(folder, options)
    genes = read_genes(folder.sorted_gff, options.feature_types).genes
    rows = {gene.gene_id: gene.row for gene in genes}
    row_scores = RowScores()
    with ExitStack() as files:
        table = ScoreTable(files.enter_context(write_output(paths.scores)))
        rejects = files.enter_context(write_output(paths.rejects))
        rank = 0
        for region in _most_doubtful_first(regions, by_region):
            piece, sentence = by_region[region.region_id]
            one = given.of(region)
            faults = [
                Reject.from_sentence(region, sentence, fault.reason, fault.detail)
                for fault in one.told.left_out
            ]
            if sentence.tokens is None or one.told.sentence is None:
                reason = sentence.failure or RejectReason.UNPARSABLE
                detail = one.fault.detail if one.fault else "the window could not be read"
                faults = faults or [Reject.from_sentence(region, sentence, reason, detail)]
                table.write_unscored(region, reason)
                accounting.count_output(False, faults)
                rejected[piece] += 1
            else:
                rank += 1
                score = score_gene(one.told.sentence, sentence.tokens, region)
                names = one.told.transcript_ids
                table.write_gene(rank, region, score, names, one.told.left_out)
                row_scores.add(rows[region.gene_id], region, one.told.sentence, score, names)
                accounting.count_output(True, faults)
            for fault in faults:
                write_reject(rejects, fault)
        skipped = database.skipped()
        write_skipped(rejects, skipped, accounting)
        for gene in skipped:
            if gene.is_gene:
                table.write_skipped(gene)
        if paths.gff3 is not None:
            gff3 = files.enter_context(write_output(paths.gff3))
            gff3.writelines(row_scores.write(folder.sorted_gff))
        accounting.check(database.input_gene_count())
    return accounting, rejected


def _most_doubtful_first(
    regions: Sequence[Region], by_region: Mapping[int, tuple[str, PredictedSentence]]
) -> list[Region]:
    """Regions by the mean log-probability of their tokens; those without any come last."""

    def doubt(region: Region) -> tuple[bool, float, int]:
        sentence = by_region[region.region_id][1]
        return sentence.tokens is None, sentence.score, region.region_id

    return sorted(regions, key=doubt)
