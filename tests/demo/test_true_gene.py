from transgenic_dagster.demo.true_gene import Feature, TrueGene, gene_sentence, place, with_phases


def gene(strand, *transcripts):
    return TrueGene("gene", "Chr1", 1_000, 2_000, strand, transcripts)


def test_phases_say_how_many_bases_to_skip():
    transcript = with_phases(
        [
            Feature("five_prime_UTR", 0, 10),
            Feature("CDS", 10, 14),
            Feature("CDS", 20, 25),
            Feature("CDS", 30, 33),
        ]
    )
    assert [feature.phase for feature in transcript] == [None, 0, 2, 0]


def test_a_minus_strand_gene_is_mirrored():
    transcript = (Feature("CDS", 0, 10), Feature("CDS", 60, 100, strand="-"))
    assert place(transcript, 1_000, 100, "-") == (
        Feature("CDS", 1_090, 1_100, strand="-"),
        Feature("CDS", 1_000, 1_040, strand="+"),
    )


def test_a_plus_strand_gene_is_moved():
    transcript = (Feature("CDS", 5, 10),)
    assert place(transcript, 1_000, 100, "+") == (Feature("CDS", 1_005, 1_010),)


def test_a_sentence_lists_the_parts_of_a_kind_ascending_on_either_strand():
    transcript = with_phases(
        [
            Feature("CDS", 1_500, 1_900, "-"),
            Feature("CDS", 1_100, 1_301, "-"),
            Feature("three_prime_UTR", 1_040, 1_100, "-"),
        ]
    )
    assert gene_sentence(gene("-", transcript), window_start=1_000) == (
        "100|CDS1|301|-|C;500|CDS2|900|-|A;40|three_prime_UTR1|100|-|.>CDS1|CDS2|three_prime_UTR1"
    )


def test_isoforms_share_the_features_that_they_have_in_common():
    first, second, third = (Feature("CDS", start, start + 30) for start in (1_000, 1_100, 1_200))
    sentence = gene_sentence(
        gene("+", with_phases([first, second, third]), with_phases([first, third])), 1_000
    )
    assert sentence == ("0|CDS1|30|+|A;100|CDS2|130|+|A;200|CDS3|230|+|A>CDS1|CDS2|CDS3;CDS1|CDS3")
