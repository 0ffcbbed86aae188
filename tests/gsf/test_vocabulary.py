from hypothesis import given
from hypothesis import strategies as st

from tests import golden
from transgenic_dagster.gsf.vocabulary import (
    TOKEN_IDS,
    TOKENS,
    clean_sentence,
    decode_ids,
    encode_gsf,
)


def test_vocabulary_is_the_published_one():
    assert golden.text_cases("gff_tokenizer_vocab") == TOKEN_IDS
    assert len(TOKENS) == 272


def test_every_recorded_sentence_is_encoded_as_published():
    for case in golden.text_cases("encode_cases"):
        assert encode_gsf(case["gsf"]) == case["ids"], case["gsf"]


def test_every_recorded_id_list_is_decoded_as_published():
    for case in golden.text_cases("decode_cases"):
        raw = decode_ids(case["ids"])
        assert raw == case["decoded_skip_special"]
        assert clean_sentence(raw) == case["clean"]


feature_names = st.sampled_from(TOKENS[22:])
features = st.builds(
    lambda start, name, end, strand, phase: f"{start}|{name}|{end}|{strand}|{phase}",
    st.integers(0, 49_152),
    feature_names,
    st.integers(0, 49_152),
    st.sampled_from("+-"),
    st.sampled_from("ABC."),
)
transcripts = st.lists(feature_names, min_size=1, max_size=6).map("|".join)
sentences = st.builds(
    lambda fs, ts: f"{';'.join(fs)}>{';'.join(ts)}",
    st.lists(features, min_size=1, max_size=6),
    st.lists(transcripts, min_size=1, max_size=4),
)


@given(sentences)
def test_a_sentence_survives_encoding_and_decoding(sentence):
    assert clean_sentence(decode_ids([2, *encode_gsf(sentence)])) == sentence


@given(st.lists(st.integers(0, 271)))
def test_any_ids_decode_to_text_without_special_tokens(ids):
    clean = clean_sentence(decode_ids(ids))
    assert "<s>" not in clean
    assert "<pad>" not in clean
