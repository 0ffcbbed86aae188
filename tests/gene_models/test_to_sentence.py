from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_golden_sentences import VALID

from tests import golden
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.demo.true_gene import gene_sentence
from transgenic_dagster.demo.untrained_model import MAX_WINDOW
from transgenic_dagster.gene_models.input_transcripts import InputTranscript, read_transcripts
from transgenic_dagster.gene_models.to_sentence import tell_gene
from transgenic_dagster.gsf.from_parts import Part, sentence_of_named_parts, sentence_of_parts
from transgenic_dagster.gsf.parser import GsfError, format_sentence, parse_sentence
from transgenic_dagster.gsf.token_spans import token_spans
from transgenic_dagster.gsf.vocabulary import TOKENS, clean_sentence, encode_gsf
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.windows import plan_window

EXAMPLE = (
    Path(__file__).resolve().parents[3] / "shared/data/transgenic_example/ath_chr4_predict.gff"
)
REGION = Region(0, "g", "Chr1", 1_100, 2_000, "+", 1_000, 7_144)


def transcripts_of(tmp_path, text, gene="g"):
    given = tmp_path / "genes.gff"
    given.write_text(text)
    in_order = tmp_path / "sorted.gff3"
    sort_annotation(given, in_order, sorter="builtin", feature_types=("gene",))
    genes = {one.gene_id: one.row for one in read_genes(in_order).genes}
    return read_transcripts(in_order, genes, ("gene",))[gene]


def gff3(*rows):
    lines = []
    for kind, start, end, strand, phase, attributes in rows:
        lines.append(f"Chr1\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t{phase}\t{attributes}")
    return "##gff-version 3\n" + "\n".join(lines) + "\n"


def test_parts_stand_kind_by_kind_and_ascending_on_either_strand(tmp_path):
    text = gff3(
        ("gene", 1101, 2000, "-", ".", "ID=g"),
        ("mRNA", 1101, 2000, "-", ".", "ID=g.1;Parent=g"),
        ("five_prime_UTR", 1901, 2000, "-", ".", "Parent=g.1"),
        ("CDS", 1601, 1900, "-", "0", "Parent=g.1"),
        ("CDS", 1201, 1300, "-", "0", "Parent=g.1"),
        ("three_prime_UTR", 1101, 1200, "-", ".", "Parent=g.1"),
    )
    told = tell_gene(transcripts_of(tmp_path, text), REGION)
    assert format_sentence(told.sentence) == (
        "200|CDS1|300|-|A;600|CDS2|900|-|A;900|five_prime_UTR1|1000|-|.;"
        "100|three_prime_UTR1|200|-|.>CDS1|CDS2|five_prime_UTR1|three_prime_UTR1"
    )
    assert told.transcript_ids == ("g.1",)
    assert told.left_out == ()


def test_isoforms_share_parts_and_stand_in_the_order_of_the_file(tmp_path):
    text = gff3(
        ("gene", 1101, 1600, "+", ".", "ID=g"),
        ("mRNA", 1201, 1600, "+", ".", "ID=g.1;Parent=g"),  # begins later, written first
        ("CDS", 1201, 1300, "+", "0", "Parent=g.1"),
        ("CDS", 1501, 1600, "+", "2", "Parent=g.1"),
        ("mRNA", 1101, 1600, "+", ".", "ID=g.2;Parent=g"),
        ("CDS", 1101, 1300, "+", "0", "Parent=g.2"),
        ("CDS", 1501, 1600, "+", "1", "Parent=g.2"),  # another phase: another part
        ("mRNA", 1201, 1600, "+", ".", "ID=g.3;Parent=g"),
        ("CDS", 1201, 1300, "+", "0", "Parent=g.3"),
        ("CDS", 1501, 1580, "+", "2", "Parent=g.3"),
    )
    told = tell_gene(transcripts_of(tmp_path, text), REGION)
    assert format_sentence(told.sentence) == (
        "200|CDS1|300|+|A;500|CDS2|600|+|C;100|CDS3|300|+|A;500|CDS4|600|+|B;500|CDS5|580|+|C"
        ">CDS1|CDS2;CDS3|CDS4;CDS1|CDS5"
    )
    assert told.transcript_ids == ("g.1", "g.2", "g.3")


def test_untranslated_parts_follow_from_exons_where_there_are_none(tmp_path):
    text = gff3(
        ("gene", 1101, 2000, "-", ".", "ID=g"),
        ("mRNA", 1101, 2000, "-", ".", "ID=g.1;Parent=g"),
        ("exon", 1101, 1150, "-", ".", "Parent=g.1"),
        ("exon", 1201, 1400, "-", ".", "Parent=g.1"),
        ("exon", 1601, 2000, "-", ".", "Parent=g.1"),
        ("CDS", 1261, 1400, "-", ".", "Parent=g.1"),
        ("CDS", 1601, 1699, "-", ".", "Parent=g.1"),
    )
    (transcript,) = transcripts_of(tmp_path, text)
    assert [(p.kind, p.start, p.end, p.phase) for p in transcript.parts] == [
        ("CDS", 1260, 1400, 0),  # 99 bases before it are translated
        ("CDS", 1600, 1699, 0),
        ("three_prime_UTR", 1100, 1150, None),
        ("three_prime_UTR", 1200, 1260, None),
        ("five_prime_UTR", 1699, 2000, None),
    ]


@pytest.mark.parametrize("strand", "+-")
def test_a_stop_codon_beside_the_cds_belongs_to_it(tmp_path, strand):
    stop = (1298, 1300) if strand == "+" else (1098, 1100)
    rows = [("exon", 1090, 1310), ("CDS", 1101, 1297), ("stop_codon", *stop)]
    text = "".join(
        f'Chr1\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t0\tgene_id "g"; transcript_id "g.1";\n'
        for kind, start, end in rows
    )
    (transcript,) = transcripts_of(tmp_path, text)
    cds, *utrs = transcript.parts
    assert (cds.start, cds.end) == ((1100, 1300) if strand == "+" else (1097, 1297))
    assert {(part.start, part.end) for part in utrs} == {
        (1089, cds.start),
        (cds.end, 1310),
    }


def test_what_cannot_be_told_is_told_with_a_reason(tmp_path):
    text = gff3(
        ("gene", 1101, 9000, "+", ".", "ID=g"),
        ("mRNA", 1201, 1600, "+", ".", "ID=g.1;Parent=g"),
        ("CDS", 1201, 1300, "+", "0", "Parent=g.1"),
        ("mRNA", 1201, 9000, "+", ".", "ID=g.2;Parent=g"),
        ("CDS", 8901, 9000, "+", "0", "Parent=g.2"),
        ("lnc_RNA", 1101, 1300, "+", ".", "ID=g.3;Parent=g"),
        ("exon", 1101, 1300, "+", ".", "Parent=g.3"),
    )
    told = tell_gene(transcripts_of(tmp_path, text), REGION)
    assert told.transcript_ids == ("g.1",)
    assert {(one.transcript_id, one.reason) for one in told.left_out} == {
        ("g.2", "out_of_window"),
        ("g.3", "no_cds"),
    }


def test_a_gene_of_which_only_the_place_is_known_has_no_sentence(tmp_path):
    text = gff3(("gene", 1101, 9000, "+", ".", "ID=g"))
    told = tell_gene(transcripts_of(tmp_path, text), REGION)
    assert told.sentence is None
    assert [one.reason for one in told.left_out] == ["no_cds"]


def test_more_parts_than_the_model_has_names_for():
    parts = [Part("CDS", 10 * i, 10 * i + 6, "+", 0) for i in range(151)]
    sentence_of_parts([parts[:150]])
    with pytest.raises(GsfError, match="too_many_parts"):
        sentence_of_parts([parts])
    told = tell_gene([InputTranscript("t", tuple(parts))], Region(0, "g", "c", 0, 9, "+", 0, 9_999))
    assert told.sentence is None
    assert [(one.transcript_id, one.reason) for one in told.left_out] == [("", "too_many_parts")]


def test_the_true_annotation_of_the_demo_gives_the_sentences_that_its_model_learned(tmp_path):
    assembly = write_assembly(tmp_path)
    in_order = tmp_path / "sorted.gff3"
    sort_annotation(assembly.truth_gff3, in_order, sorter="builtin", feature_types=("gene",))
    rows = {gene.gene_id: gene.row for gene in read_genes(in_order).genes}
    transcripts = read_transcripts(in_order, rows, ("gene",))
    assert len(transcripts) == 46
    for gene in assembly.genes:
        if gene.predictable:
            window = plan_window(
                gene.start, gene.end, len(assembly.sequences[gene.seqid]), MAX_WINDOW
            )
            region = Region(0, gene.gene_id, gene.seqid, gene.start, gene.end, "+", *window)
            told = tell_gene(transcripts[gene.gene_id], region)
            assert format_sentence(told.sentence) == gene_sentence(gene, window[0])
            assert told.left_out == ()


parts = st.builds(
    lambda kind, start, length, phase: Part(
        kind, start, start + length, "+", phase if kind == "CDS" else None
    ),
    st.sampled_from(["CDS", "five_prime_UTR", "three_prime_UTR"]),
    st.integers(0, 49_000),
    st.integers(1, 152),
    st.integers(0, 2),
)


@given(st.lists(st.lists(parts, min_size=1, max_size=8), min_size=1, max_size=5))
def test_a_sentence_tells_exactly_the_parts_of_each_transcript(transcripts):
    sentence = sentence_of_parts(transcripts)
    assert parse_sentence(format_sentence(sentence)) == sentence
    for number, wanted in enumerate(transcripts, start=1):
        names = sentence.transcripts[number - 1]
        told = [sentence.features[name] for name in names]
        assert sorted((f.kind, f.start, f.end) for f in told) == sorted(p[:3] for p in wanted)


@given(st.lists(st.lists(parts, min_size=1, max_size=8, unique=True), min_size=1, max_size=5))
def test_spans_find_the_tokens_of_every_part(transcripts):
    sentence = sentence_of_parts(transcripts)
    ids = encode_gsf(format_sentence(sentence))
    spans = token_spans(sentence)
    assert spans.length == len(ids)

    def text(tokens):
        return "".join(TOKENS[ids[i]] for i in tokens)

    for name, feature in sentence.features.items():
        one = spans.features[name]
        assert (text(one.start), text(one.end)) == (str(feature.start), str(feature.end))
        assert text(one.whole).startswith(f"{feature.start}{name}{feature.end}{feature.strand}")
        assert text(one.whole).endswith(";")
    for names, tokens in zip(sentence.transcripts, spans.transcripts, strict=True):
        assert text(tokens) in {"".join(names) + ";", "".join(names) + "</s>"}


def told_again(folder, name, source="transgenic"):
    """Sentence of a GFF3 of the published program, and the one that this was made from."""
    case = golden.text_cases("gsf_to_gff3")[name]
    rows = (
        "\n".join(case["lines"]).replace("<UUID>", "g").replace("\ttransgenic\t", f"\t{source}\t")
    )
    region = Region(0, "g", "Chr1", 5_040, 6_000, "+", 5_000, 11_144)
    return tell_gene(transcripts_of(folder, rows + "\n"), region).sentence, case["gsf"]


NOT_KEPT = {
    "leading_zeros": "100|CDS1|400|+|A>CDS1",
    "unsorted_features": "100|CDS1|400|+|A;900|CDS2|1000|+|B>CDS1|CDS2",
}
"""Sentences whose GFF3 would be the same for these: numbers lose zeros, and of the feature list
only the order remains in which the transcripts name it."""


@pytest.mark.parametrize("name", sorted(VALID - NOT_KEPT.keys()))
def test_sentences_come_back_from_the_published_programs_gff3_with_the_same_tokens(tmp_path, name):
    sentence, recorded = told_again(tmp_path, name)
    assert encode_gsf(format_sentence(sentence)) == encode_gsf(clean_sentence(recorded))


@pytest.mark.parametrize("name", NOT_KEPT)
def test_what_a_gff3_cannot_keep_comes_back_as_the_model_learned_it(tmp_path, name):
    sentence, recorded = told_again(tmp_path, name)
    assert format_sentence(sentence) == NOT_KEPT[name]
    assert _parts(sentence) == _parts(parse_sentence(recorded))


@pytest.mark.parametrize("name", ["minus_strand", "with_utrs"])
def test_names_in_identifiers_of_other_programs_say_nothing(tmp_path, name):
    sentence, recorded = told_again(tmp_path, name, source="other")
    assert list(sentence.features) == sorted(sentence.features)
    assert [f.start for f in sentence.features.values() if f.kind == "CDS"] == sorted(
        f.start for f in parse_sentence(recorded).features.values() if f.kind == "CDS"
    )
    assert _parts(sentence) == _parts(parse_sentence(recorded))


def test_names_that_stand_for_two_parts_say_nothing(tmp_path):
    rows = [("gene", 1101, 1600, "+", ".", "ID=g")]
    for number, start in ((1, 1301), (2, 1201)):
        rows += [
            ("mRNA", 1201, 1600, "+", ".", f"ID=g.{number};Parent=g"),
            ("CDS", 1501, 1600, "+", "0", f"ID=g.{number}.CDS2;Parent=g.{number}"),
            ("CDS", start, 1400, "+", "0", f"ID=g.{number}.CDS1;Parent=g.{number}"),
        ]
    text = gff3(*rows).replace("\tx\t", "\ttransgenic\t")
    assert all(one.written for one in transcripts_of(tmp_path, text))
    told = tell_gene(transcripts_of(tmp_path, text), REGION)
    assert format_sentence(told.sentence) == (
        "300|CDS1|400|+|A;500|CDS2|600|+|A;200|CDS3|400|+|A>CDS1|CDS2;CDS3|CDS2"
    )


@pytest.mark.skipif(not EXAMPLE.is_file(), reason=f"no {EXAMPLE}")
def test_genes_of_the_published_example_were_written_in_the_order_of_training(tmp_path):
    in_order = tmp_path / "sorted.gff3"
    sort_annotation(EXAMPLE, in_order)
    rows = {gene.gene_id: gene.row for gene in read_genes(in_order).genes}
    transcripts = read_transcripts(in_order, rows, ("gene",))
    assert len(transcripts) == 20
    for own in transcripts.values():
        assert all(one.written for one in own)
        trained = sentence_of_parts([one.parts for one in own])
        assert sentence_of_named_parts([one.written for one in own]) == trained


def _parts(sentence):
    return [
        sorted((f.kind, f.start, f.end, f.strand) for f in map(sentence.features.get, names))
        for names in sentence.transcripts
    ]
