import pytest
from annotation_files import row

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.biotypes import read_wanted_genes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation

PLAIN = row(attributes="ID=plain", start=1, end=9)


def wanted(text, tmp_path, biotype="protein_coding", types=("gene",)):
    (tmp_path / "genes.gff").write_text(text)
    sort_annotation(tmp_path / "genes.gff", tmp_path / "sorted.gff3", feature_types=types)
    return read_wanted_genes(tmp_path / "sorted.gff3", types, biotype)


def ids(listed):
    return [gene.gene_id for gene in listed.genes], [one.gene_id for one in listed.skipped]


def gene_with(*kinds, attributes=""):
    rows = [row(attributes=f"ID=g{attributes}")]
    rows += [
        row(feature_type=kind, attributes=f"ID=t{number};Parent=g")
        for number, kind in enumerate(kinds)
    ]
    return "".join(rows)


@pytest.mark.parametrize("key", ["biotype", "gene_biotype", "gene_type", "locus_type"])
@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        *((value, True) for value in ("protein_coding", "mRNA", "other", "transposable_element")),
        *((value, False) for value in ("tRNA", "lncRNA", "rRNA", "snoRNA", "ncRNA", "misc_RNA")),
        *((v, False) for v in ("pseudogene", "transcribed_pseudogene", "tRNA_pseudogene")),
    ],
)
def test_the_biotype_of_a_gene_decides(tmp_path, key, value, is_taken):
    listed = wanted(PLAIN + gene_with("mRNA", attributes=f";{key}={value}"), tmp_path)
    assert ids(listed) == ((["plain", "g"], []) if is_taken else (["plain"], ["g"]))


@pytest.mark.parametrize(
    ("kinds", "is_taken"),
    [
        ((), True),
        (("mRNA",), True),
        (("transcript",), True),
        (("lnc_RNA", "mRNA"), True),
        (("tRNA",), False),
        (("miRNA_primary_transcript", "antisense_lncRNA"), False),
        (("pseudogenic_transcript",), False),
    ],
)
def test_without_a_biotype_the_transcripts_decide(tmp_path, kinds, is_taken):
    listed = wanted(PLAIN + gene_with(*kinds), tmp_path)
    assert ids(listed) == ((["plain", "g"], []) if is_taken else (["plain"], ["g"]))


def test_genes_that_were_built_have_the_biotype_of_their_transcripts(tmp_path):
    text = "".join(
        f"chr1\ts\ttranscript\t{start}\t{start + 9}\t.\t+\t.\t"
        f'gene_id "{name}"; transcript_id "{name}.1"; gene_biotype "{biotype}";\n'
        for start, name, biotype in [(1, "a", "protein_coding"), (50, "b", "lncRNA")]
    )
    assert ids(wanted(text, tmp_path)) == (["a"], ["b"])


def test_all_of_them_are_taken_where_that_is_asked_for(tmp_path):
    assert ids(wanted(PLAIN + gene_with("tRNA"), tmp_path, "all")) == (["plain", "g"], [])


def test_types_that_the_user_names_are_taken_whatever_they_are(tmp_path):
    text = PLAIN + row(feature_type="pseudogene", attributes="ID=p;gene_biotype=pseudogene")
    assert ids(wanted(text, tmp_path, types=("gene", "pseudogene"))) == (["plain", "p"], [])


def test_the_same_identifier_on_another_sequence_is_another_gene(tmp_path):
    text = gene_with("tRNA") + row(seqid="chr2", attributes="ID=g")
    assert ids(wanted(text, tmp_path)) == (["g-2"], ["g"])


def test_what_is_skipped_is_told_with_its_line_and_the_way_back(tmp_path):
    (skipped,) = wanted(PLAIN + gene_with("tRNA"), tmp_path).skipped
    assert (skipped.reason, skipped.line, skipped.is_gene) == ("not_protein_coding", 2, True)
    assert skipped.detail == (
        "genes.gff, line 2: gene g is skipped because the annotation says that it is tRNA; "
        "--biotype all takes it all the same."
    )


def test_an_annotation_without_a_coding_gene_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"No gene of genes.gff is .* \(tRNA 1\); --biotype all"):
        wanted(gene_with("tRNA"), tmp_path)
