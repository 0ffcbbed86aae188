from tests import golden
from transgenic_dagster.model import encode_dna


def test_letters_have_the_published_ids():
    vocabulary = golden.text_cases("dna_tokenizer_vocab")
    assert encode_dna("ACGTN").tolist() == [vocabulary[letter] for letter in "ACGTN"]


def test_soft_masked_letters_count_as_what_they_are():
    assert encode_dna("acgtn").tolist() == encode_dna("ACGTN").tolist()


def test_every_other_letter_is_n():
    assert set(encode_dna("RYKMSWBDHVX-*é").tolist()) == {11}


def test_a_window_of_l_letters_is_l_ids():
    assert encode_dna("ACGT" * 1536).shape == (6144,)
