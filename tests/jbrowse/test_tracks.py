from transgenic_dagster.jbrowse.tracks import input_rows


def rows(*kinds_and_attributes):
    return [f"Chr1\tx\t{kind}\t1\t9\t.\t+\t.\t{text}\n" for kind, text in kinds_and_attributes]


def test_rows_of_whole_sequences_are_not_shown():
    given = ["##gff-version 3\n", *rows(("region", "ID=Chr1:1..9"), ("gene", "ID=a"))]
    assert list(input_rows(given)) == [given[0], given[2]]


def test_exons_of_a_gene_are_shown_by_its_transcripts_alone():
    transcripts = rows(("gene", "ID=a"), ("mRNA", "ID=a.1;Parent=a"), ("exon", "Parent=a.1"))
    own = rows(("exon", "ID=e;Parent=a"), ("intron", "Parent=a"))
    assert list(input_rows([*transcripts, *own])) == transcripts
    assert list(input_rows([transcripts[0], *own, *transcripts[1:]])) == transcripts
    other = rows(("miRNA", "ID=m;Parent=a"))
    assert list(input_rows([*transcripts, *other])) == [*transcripts, *other]


def test_exons_of_a_gene_without_transcripts_are_shown():
    given = rows(("gene", "ID=a"), ("exon", "Parent=a"), ("gene", "ID=b"), ("mRNA", "Parent=b"))
    assert list(input_rows(given)) == given
