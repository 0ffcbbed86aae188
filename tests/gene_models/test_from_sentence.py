import pytest
from gene_builders import POLY_A, WINDOW_LENGTH, WINDOW_START, decode, gene_of, region, sentence
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gene_models.gene_model import CdsPart, Interval
from transgenic_dagster.gsf.features import KIND_OF_NAME


def reasons_of(clean, **changes):
    _, rejects = decode(clean, **changes)
    return [(reject.reason, reject.transcript) for reject in rejects]


def phases_of(gene):
    return [part.phase for part in gene.transcripts[0].structure.cds]


def test_a_gene_lies_where_its_window_lies():
    gene = gene_of("100|CDS1|400|+|A>CDS1")

    assert (gene.gm_id, gene.seqid, gene.strand) == ("gene1", "Chr1", "+")
    assert (gene.start, gene.end) == (WINDOW_START + 100, WINDOW_START + 400)
    assert gene.confidence == 0.98765


def test_a_gene_may_fill_its_window_to_the_last_base():
    gene = gene_of(f"0|CDS1|{WINDOW_LENGTH}|-|A>CDS1")
    assert (gene.start, gene.end) == (WINDOW_START, WINDOW_START + WINDOW_LENGTH)


def test_one_base_beyond_the_window_is_out_of_window():
    clean = f"0|CDS1|{WINDOW_LENGTH + 1}|+|A>CDS1"
    assert reasons_of(clean) == [("out_of_window", 1)]


def test_exons_are_unions_of_touching_parts_and_introns_the_gaps():
    structure = (
        gene_of(
            "0|five_prime_UTR1|10|+|.;20|five_prime_UTR2|30|+|.;30|CDS1|60|+|A;70|CDS2|100|+|A;"
            "100|three_prime_UTR1|140|+|.>"
            "three_prime_UTR1|CDS2|CDS1|five_prime_UTR2|five_prime_UTR1"
        )
        .transcripts[0]
        .structure
    )
    base = WINDOW_START
    assert structure.exons == (
        Interval(base, base + 10),
        Interval(base + 20, base + 60),
        Interval(base + 70, base + 140),
    )
    assert structure.introns == (
        Interval(base + 10, base + 20),
        Interval(base + 60, base + 70),
    )


def test_phases_follow_from_the_first_cds_on_the_forward_strand():
    gene = gene_of("0|CDS1|50|+|B;100|CDS2|180|+|A;200|CDS3|230|+|A>CDS1|CDS2|CDS3")

    # 49 bases after phase 1 leave one base of a codon, which takes two of the next part.
    assert phases_of(gene) == [1, 2, 0]
    assert gene.transcripts[0].phase_adjusted


def test_phases_follow_from_the_rightmost_cds_on_the_reverse_strand():
    gene = gene_of("0|CDS2|50|-|B;100|CDS1|180|-|A>CDS1|CDS2")

    assert phases_of(gene) == [1, 0]
    assert not gene.transcripts[0].phase_adjusted


def test_a_cds_shorter_than_its_phase_hands_the_rest_on():
    gene = gene_of("0|CDS1|1|+|C;10|CDS2|40|+|B>CDS1|CDS2")

    assert gene.transcripts[0].structure.cds == (
        CdsPart(WINDOW_START, WINDOW_START + 1, 2),
        CdsPart(WINDOW_START + 10, WINDOW_START + 40, 1),
    )
    assert not gene.transcripts[0].phase_adjusted


def test_good_isoforms_stay_and_keep_their_numbers_when_others_are_bad():
    gene, rejects = decode("0|CDS1|30|+|A;60|CDS2|50|+|A;90|CDS3|120|+|A>CDS2;CDS1;CDS9;CDS1|CDS3")

    assert [transcript.number for transcript in gene.transcripts] == [2, 4]
    assert [(reject.reason, reject.transcript) for reject in rejects] == [
        ("bad_interval", 1),
        ("unknown_feature", 3),
    ]


def test_identical_isoforms_are_kept_once_and_are_no_rejects():
    gene = gene_of("0|CDS1|30|+|A;0|CDS2|30|+|A;60|CDS3|90|+|A>CDS1;CDS1;CDS2;CDS3|CDS1;CDS1|CDS3")
    assert [transcript.number for transcript in gene.transcripts] == [1, 4]


def test_isoforms_that_differ_in_frame_are_both_kept():
    gene = gene_of("0|CDS1|30|+|A;0|CDS2|30|+|B>CDS1;CDS2")
    assert len(gene.transcripts) == 2


def test_the_first_good_isoform_decides_the_strand_of_the_gene():
    gene, rejects = decode("0|CDS1|30|-|A;60|CDS2|90|+|A>CDS9;CDS1;CDS2")

    assert gene.strand == "-"
    assert [(reject.reason, reject.transcript) for reject in rejects] == [
        ("unknown_feature", 1),
        ("mixed_strand", 3),
    ]


@pytest.mark.parametrize(
    ("clean", "reason"),
    [
        ("0|CDS1|30|+|A;29|CDS2|60|+|A>CDS1|CDS2", "overlapping_features"),
        ("0|CDS1|90|+|A;30|five_prime_UTR1|60|+|.>five_prime_UTR1|CDS1", "overlapping_features"),
        ("0|CDS1|30|+|A;0|CDS2|30|+|A>CDS1|CDS2", "overlapping_features"),
        ("0|CDS1|30|+|A;60|five_prime_UTR1|90|-|.>CDS1|five_prime_UTR1", "mixed_strand"),
        ("0|three_prime_UTR1|30|+|.;50|CDS1|80|+|A>three_prime_UTR1", "no_cds"),
        ("0|CDS1|30|+|A;30|five_prime_UTR1|60|+|.>five_prime_UTR1|CDS1", "misplaced_utr"),
        ("0|five_prime_UTR1|30|-|.;30|CDS1|60|-|A>five_prime_UTR1|CDS1", "misplaced_utr"),
        ("0|three_prime_UTR1|30|+|.;30|CDS1|60|+|A>CDS1|three_prime_UTR1", "misplaced_utr"),
        ("0|CDS1|30|-|A;30|three_prime_UTR1|60|-|.>CDS1|three_prime_UTR1", "misplaced_utr"),
        (
            "0|CDS1|30|+|A;40|five_prime_UTR1|50|+|.;60|CDS2|90|+|A>CDS1|CDS2|five_prime_UTR1",
            "misplaced_utr",
        ),
        (
            "0|CDS1|30|-|A;40|three_prime_UTR1|50|-|.;60|CDS2|90|-|A>CDS1|CDS2|three_prime_UTR1",
            "misplaced_utr",
        ),
        ("10|CDS1|11|+|A>CDS1", "no_codon"),
        ("10|CDS1|11|+|A;31|CDS2|32|+|B>CDS1|CDS2", "no_codon"),
        ("10|CDS1|14|+|C>CDS1", "no_codon"),
        ("10|CDS1|12|-|A;32|CDS2|34|-|C>CDS1|CDS2", "no_codon"),
    ],
)
def test_features_that_make_no_transcript_reject_it(clean, reason):
    assert reasons_of(clean) == [(reason, 1)]


def test_a_single_codon_and_a_part_of_one_base_may_be():
    assert gene_of("10|CDS1|13|+|A>CDS1").transcripts
    assert gene_of("10|CDS1|11|+|A;40|CDS2|42|+|B>CDS1|CDS2").transcripts
    assert gene_of("10|CDS1|12|-|B;32|CDS2|35|-|A>CDS1|CDS2").transcripts


def test_an_isoform_that_cannot_be_leaves_the_others():
    gene, rejects = decode(
        "0|five_prime_UTR1|9|+|.;9|CDS1|30|+|A;40|five_prime_UTR2|50|+|.>"
        "five_prime_UTR1|CDS1;CDS1|five_prime_UTR2"
    )
    assert [transcript.number for transcript in gene.transcripts] == [1]
    assert rejects[0].error == (
        "misplaced_utr: five_prime_UTR2 of transcript 2 is not upstream of the whole CDS"
    )


@pytest.mark.parametrize(("intron", "short"), [(1, 1), (9, 1), (10, 0)])
def test_introns_too_short_to_be_spliced_are_counted(intron, short):
    cds = f"0|CDS1|30|+|A;{30 + intron}|CDS2|90|+|A;190|three_prime_UTR1|290|+|."
    gene = gene_of(f"{cds}>CDS1|CDS2|three_prime_UTR1")
    assert gene.transcripts[0].structure.short_introns == short


def test_an_impossible_feature_that_no_transcript_names_does_no_harm():
    gene = gene_of("0|CDS1|30|+|A;90|CDS2|60|-|A;0|CDS3|99999|+|A>CDS1")
    assert len(gene.transcripts) == 1


def test_a_sentence_without_its_end_is_truncated_even_where_it_parses():
    gene, rejects = decode("0|CDS1|30|+|A>CDS1", finished=False)

    assert gene is None
    assert [(reject.reason, reject.transcript) for reject in rejects] == [("truncated", None)]


def test_a_region_that_could_not_be_decoded_is_rejected_with_that_reason():
    gene, rejects = decode("", raw="", finished=False, failure="out_of_memory")

    assert gene is None
    assert rejects[0].error == "out_of_memory: the window of 6144 nt could not be decoded"


COORDINATE = st.integers(0, WINDOW_LENGTH + 40).map(str) | st.sampled_from(["", "00", "9" * 5000])
NAME = st.sampled_from([*list(KIND_OF_NAME)[:4], "five_prime_UTR1", "three_prime_UTR1", "CDS151"])
FEATURE = st.tuples(
    COORDINATE,
    NAME,
    COORDINATE,
    st.sampled_from(["+", "+", "+", "-", "."]),
    st.sampled_from(["A", "B", "C", ".", "D"]),
).map("|".join)
TRANSCRIPT = st.lists(NAME, min_size=1, max_size=4).map("|".join)
ALMOST_SENTENCES = st.tuples(
    st.lists(FEATURE, min_size=1, max_size=4).map(";".join),
    st.lists(TRANSCRIPT, min_size=1, max_size=3).map(";".join),
).map(">".join)
TRUE_FEATURES = st.lists(
    st.tuples(NAME, st.integers(0, 150), st.integers(1, 60), st.sampled_from("ABC")),
    min_size=1,
    max_size=6,
    unique_by=lambda feature: feature[0],
)


@st.composite
def likely_sentences(draw):
    features = [
        f"{start}|{name}|{start + length}|+|{phase if name.startswith('CDS') else '.'}"
        for name, start, length, phase in draw(TRUE_FEATURES)
    ]
    names = st.sampled_from([feature.split("|")[1] for feature in features])
    transcripts = st.lists(names, min_size=1, max_size=4).map("|".join)
    return f"{';'.join(features)}>{';'.join(draw(st.lists(transcripts, min_size=1, max_size=4)))}"


@given(st.text() | ALMOST_SENTENCES | likely_sentences())
def test_any_sentence_gives_a_gene_within_the_window_or_a_reject(clean):
    window = region()
    gene, rejects = gene_from_sentence(sentence(clean), window, POLY_A)

    assert gene is not None or rejects
    for transcript in gene.transcripts if gene else ():
        structure = transcript.structure
        assert structure.strand == gene.strand
        assert structure.cds
        parts = sorted(
            [*structure.cds, *structure.five_prime_utrs, *structure.three_prime_utrs],
            key=lambda part: part.start,
        )
        ends = [window.window_start, *(part.end for part in parts)]
        assert all(end <= part.start < part.end for end, part in zip(ends, parts, strict=False))
        assert ends[-1] <= window.window_end
        assert all(part.phase in range(3) for part in structure.cds)
        length = sum(end - start for start, end in structure.exons)
        assert length == sum(part.end - part.start for part in parts)
