"""Forty sentences with what the published program made of them (see its recorded lines)."""

import json
from pathlib import Path

import pytest
from gene_builders import WINDOW_START, decode

from transgenic_dagster.gsf.vocabulary import clean_sentence

GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "text" / "gsf_to_gff3.json"
CASES = json.loads(GOLDEN.read_text(encoding="utf-8"))

REJECTED = {
    "no_gt": "unparsable",
    "two_gt": "unparsable",
    "empty": "unparsable",
    "only_gt": "unparsable",
    "non_integer_start": "unparsable",
    "non_integer_unused_feature": "unparsable",
    "negative_start": "unparsable",
    "bad_phase": "unparsable",
    "bad_phase_unused": "unparsable",
    "missing_phase_column": "unparsable",
    "missing_strand_and_phase": "unparsable",
    "bad_strand": "unparsable",
    "dot_strand": "unparsable",
    "empty_transcript_list": "unparsable",
    "trailing_semicolon_transcripts": "unparsable",
    "trailing_pipe_transcript": "unparsable",
    "trailing_semicolon_features": "unparsable",
    "extra_column": "unparsable",
    "whitespace": "unparsable",
    "unk_token": "unparsable",
    "unknown_feature_type": "unknown_feature",
    "unknown_feature_in_transcript": "unknown_feature",
    "duplicate_feature_name": "duplicate_feature",
    "repeated_feature_in_transcript": "duplicate_feature",
    "no_CDS1": "no_cds",
    "no_CDS1_only_UTR": "no_cds",
    "end_lt_start": "bad_interval",
    "end_eq_start": "bad_interval",
    "coordinate_past_window": "out_of_window",
    "mixed_strand": "mixed_strand",
}
VALID = set(CASES) - set(REJECTED)


def recorded_rows(case):
    """Rows as (type, start, end, strand, phase) by transcript; identical transcripts once."""
    gene_row, transcripts = None, []
    for line in case["lines"]:
        _, _, kind, start, end, _, strand, phase, _ = line.split("\t")
        row = (kind, int(start), int(end), strand, phase)
        if kind == "gene":
            gene_row = row
        elif kind == "mRNA":
            transcripts.append([row])
        else:
            transcripts[-1].append(row)
    distinct = {tuple(sorted(rows)) for rows in transcripts}
    return gene_row, distinct


def rows_of(gene, phases_as_written):
    """The same rows of our gene model, optionally with the phases that the sentence has."""
    strand = gene.strand
    transcripts = set()
    for transcript in gene.transcripts:
        structure = transcript.structure
        rows = [("mRNA", structure.start + 1, structure.end, strand, ".")]
        for part in structure.cds:
            phase = phases_as_written.get((part.start + 1, part.end), str(part.phase))
            rows.append(("CDS", part.start + 1, part.end, strand, phase))
        for kind in ("five_prime_UTR", "three_prime_UTR"):
            parts = getattr(structure, f"{kind}s".lower())
            rows.extend((kind, part.start + 1, part.end, strand, ".") for part in parts)
        transcripts.add(tuple(sorted(rows)))
    return ("gene", gene.start + 1, gene.end, strand, "."), transcripts


@pytest.mark.parametrize("name", sorted(VALID))
def test_coordinates_of_a_valid_sentence_agree_with_the_recorded_lines(name):
    case = CASES[name]
    assert case["region_start"] == WINDOW_START
    gene, rejects = decode(clean_sentence(case["gsf"]))
    recorded = recorded_rows(case)
    written = {
        (start, end): phase
        for rows in recorded[1]
        for kind, start, end, _, phase in rows
        if kind == "CDS"
    }

    assert rejects == []
    assert gene.seqid == case["chrom"]
    assert rows_of(gene, written) == recorded


@pytest.mark.parametrize("name", sorted(VALID))
def test_phases_differ_from_the_recorded_ones_only_where_the_transcript_says_so(name):
    gene, _ = decode(clean_sentence(CASES[name]["gsf"]))
    adjusted = any(transcript.phase_adjusted for transcript in gene.transcripts)
    assert (rows_of(gene, {}) != recorded_rows(CASES[name])) == adjusted


@pytest.mark.parametrize("name", sorted(REJECTED))
def test_a_malformed_or_impossible_sentence_ends_as_a_reject_with_its_reason(name):
    gene, rejects = decode(clean_sentence(CASES[name]["gsf"]))

    assert gene is None
    assert [reject.reason for reject in rejects] == [REJECTED[name]]
    assert rejects[0].error.startswith(f"{REJECTED[name]}: ")
