"""Probabilities of isoforms and of boundaries in gene models."""

import io
import math

import numpy as np
import pytest

from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.refined_gene import refined_gene_from_sentence
from transgenic_dagster.gsf.digit_costs import COST_STEP, certain_costs, number_probability
from transgenic_dagster.gsf.parser import parse_sentence
from transgenic_dagster.gsf.sentence import PredictedSentence, SentenceHypothesis
from transgenic_dagster.regions.region import Region

WINDOW = "C" * 100 + "ATG" + "GCA" * 30 + "TAA" + "C" * 104
REGION = Region(0, "g", "c", 1100, 1196, "+", 1000, 1300)
WHOLE = "100|CDS1|196|+|A>CDS1"
LONGER = "100|CDS1|196|+|A;50|five_prime_UTR1|100|+|.>CDS1;CDS1|five_prime_UTR1"


def costs(text, doubt=0):
    """Recorded costs of all digits; the last digit of the first number costs ``doubt`` steps."""
    features = parse_sentence(text).features.values()
    numbers = [str(number) for f in features for number in (f.start, f.end)]
    each = [bytearray(certain_costs(int(digit))) for number in numbers for digit in number]
    place = len(numbers[0]) - 1
    each[place][int(numbers[0][-1])] = doubt
    return b"".join(map(bytes, each))


def predicted(*hypotheses):
    """Model output of some texts with their log-probabilities, the first the winner."""
    closed = [
        SentenceHypothesis(f"<s>{text}</s>", text, total / 9, 0.9, True, total, costs(text, doubt))
        for text, total, doubt in hypotheses
    ]
    first, *others = closed
    return PredictedSentence(
        region_id=0,
        raw=first.raw,
        clean=first.clean,
        score=first.score,
        confidence=first.confidence,
        finished=True,
        log_probability=first.log_probability,
        digit_costs=first.digit_costs,
        alternatives=tuple(others),
    )


def refined(*hypotheses, distance=60):
    gene, _ = refined_gene_from_sentence(predicted(*hypotheses), REGION, WINDOW, distance)
    return gene


def written(gene):
    text = io.StringIO()
    Gff3Writer(text).write_gene(gene)
    return [line.split("\t") for line in text.getvalue().splitlines() if line[0] != "#"]


def test_an_isoform_has_the_share_of_all_hypotheses_that_contain_it():
    gene = refined((LONGER, math.log(0.6), 0), (WHOLE, math.log(0.2), 0))
    first, second = gene.transcripts
    assert first.probability == pytest.approx(1)
    assert second.probability == pytest.approx(0.75)


def test_hypotheses_that_describe_no_gene_count_in_the_whole():
    gene = refined(
        (WHOLE, math.log(0.3), 0), ("50|five_prime_UTR1|99|+|.>five_prime_UTR1", math.log(0.1), 0)
    )
    assert gene.transcripts[0].probability == pytest.approx(0.75)


def test_a_cds_part_has_the_probability_of_its_two_ends():
    (transcript,) = refined((WHOLE, -1.0, 7)).transcripts
    assert transcript.cds_probabilities == (pytest.approx(math.exp(-7 * COST_STEP)),)


def test_a_boundary_that_was_moved_has_the_probability_of_where_it_is():
    (transcript,) = refined(("100|CDS1|193|+|A>CDS1", -1.0, 0)).transcripts
    assert transcript.structure.cds[0].end == 1196
    assert transcript.cds_probabilities[0] < 1e-9


def test_rows_carry_both_and_without_refinement_neither():
    rows = written(refined((WHOLE, -1.0, 7)))
    assert [row[5] for row in rows if row[2] == "CDS"] == ["0.4966"]
    assert [row[5] for row in rows if row[2] != "CDS"] == ["."] * 3
    (mrna,) = (row for row in rows if row[2] == "mRNA")
    assert ";isoform_probability=1.0000;" in mrna[8]
    plain, _ = gene_from_sentence(predicted((WHOLE, -1.0, 7)), REGION, WINDOW)
    rows = written(plain)
    assert {row[5] for row in rows} == {"."}
    assert "isoform_probability" not in "".join(row[8] for row in rows)


def test_a_number_with_more_digits_than_were_written_has_none():
    recorded = np.zeros((2, 10), dtype=np.float32)
    recorded[1, 9] = 2.0
    assert number_probability(19, recorded) == pytest.approx(math.exp(-2))
    assert number_probability(100, recorded) == 0
