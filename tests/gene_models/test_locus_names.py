import pytest
from gene_builders import gene_of, region
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.errors import InputError
from transgenic_dagster.gene_models.locus_names import (
    locus_names,
    read_earlier_names,
    sequence_code,
)


def named(genes, earlier=None, seqid="Chr1"):
    return locus_names([region(gene, seqid) for gene in genes], "ATX1", earlier or {})


@pytest.mark.parametrize(
    ("seqid", "code"),
    [
        *(("Chr1", "01"), ("chr01", "01"), ("12", "12"), ("LG_3", "03"), ("chr7D", "07D")),
        *(("ChrC", "C"), ("chrM", "M"), ("ChrUn", "U"), ("scaffold_12", "U"), ("NC_003070.9", "U")),
    ],
)
def test_the_code_is_that_of_the_chromosome(seqid, code):
    assert sequence_code(seqid) == code


def test_names_go_along_the_chromosome_in_steps_of_ten():
    names = locus_names(
        [
            region(*one)
            for one in (("b", "Chr1"), ("a", "Chr1"), ("c", "ChrC"), ("d", "s1"), ("e", "s2"))
        ],
        "ATX1",
        {},
    )
    assert names == {
        "b": "ATX1_01g000010",
        "a": "ATX1_01g000020",
        "c": "ATX1_Cg000010",
        "d": "ATX1_Ug000010",
        "e": "ATX1_Ug000020",
    }


def test_a_gene_that_is_added_renames_no_other_and_goes_between_its_neighbours():
    before = named("abc")
    after = named(["x", "a", "y", "b", "c", "z"], before)
    assert before.items() <= after.items()
    numbers = {gene: int(name[-6:]) for gene, name in after.items()}
    assert (numbers["x"], numbers["y"], numbers["z"]) == (5, 15, 40)


def test_where_there_is_no_room_a_new_gene_comes_after_all_others():
    before = {"a": "ATX1_01g000010", "b": "ATX1_01g000011", "gone": "ATX1_01g000070"}
    assert named("axb", before)["x"] == "ATX1_01g000080"


def test_names_of_another_form_stay():
    assert named("ab", {"a": "OLD_1"}) == {"a": "OLD_1", "b": "ATX1_01g000020"}


@given(
    st.lists(st.integers(0, 40), unique=True, max_size=30),
    st.lists(st.integers(0, 40), unique=True, max_size=30),
)
def test_no_name_is_given_twice_and_none_is_taken_away(old, new):
    before = named(map(str, old))
    after = named([str(one) for one in new], before)
    assert len(set(after.values())) == len(new)
    assert all(after[gene] == before[gene] for gene in after.keys() & before.keys())
    gone = {name for gene, name in before.items() if gene not in after}
    assert gone.isdisjoint(after.values())
    assert named([str(one) for one in new], after) == after


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("##gff-version 3\n", "has no gene with the attributes"),
        (
            "c\ts\tgene\t1\t9\t.\t+\t.\tGM=a;locus_tag=X_1\n"
            "c\ts\tgene\t1\t9\t.\t+\t.\tGM=b;locus_tag=X_1\n",
            "gives one name to several genes",
        ),
    ],
)
def test_a_file_without_usable_names_is_refused(tmp_path, text, message):
    (tmp_path / "old.gff3").write_text(text)
    with pytest.raises(InputError, match=message):
        read_earlier_names(tmp_path / "old.gff3")


def test_identifiers_are_made_from_the_locus():
    assert gene_of("0|CDS1|3|+|A>CDS1").name == "gene1"
