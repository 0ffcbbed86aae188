import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.gsf.features import CDS, CDS_PHASES, KIND_OF_NAME, NO_PHASE, STRANDS
from transgenic_dagster.gsf.parser import (
    Feature,
    GeneSentence,
    GsfError,
    format_sentence,
    parse_sentence,
)

COORDINATES = st.integers(min_value=0, max_value=10**18 - 1)
NAMES = st.lists(st.sampled_from(list(KIND_OF_NAME)), min_size=1, max_size=8)


@st.composite
def features(draw, name):
    kind = KIND_OF_NAME[name]
    return Feature(
        name,
        kind,
        draw(COORDINATES),
        draw(COORDINATES),
        draw(st.sampled_from(STRANDS)),
        draw(st.integers(0, 2)) if kind == CDS else None,
    )


@st.composite
def sentences(draw):
    names = draw(st.lists(st.sampled_from(list(KIND_OF_NAME)), min_size=1, unique=True))
    transcripts = draw(st.lists(NAMES, min_size=1, max_size=4))
    return GeneSentence(
        {name: draw(features(name)) for name in names}, tuple(map(tuple, transcripts))
    )


def reason_of(text):
    with pytest.raises(GsfError) as caught:
        parse_sentence(text)
    return caught.value.reason


def test_reads_features_and_transcripts_in_the_order_of_the_sentence():
    sentence = parse_sentence(
        "50|CDS1|90|-|C;0|three_prime_UTR50|50|-|.>CDS1|three_prime_UTR50;CDS1"
    )

    assert list(sentence.features.values()) == [
        Feature("CDS1", "CDS", 50, 90, "-", 2),
        Feature("three_prime_UTR50", "three_prime_UTR", 0, 50, "-", None),
    ]
    assert sentence.transcripts == (("CDS1", "three_prime_UTR50"), ("CDS1",))


@given(sentences())
def test_formatting_and_parsing_a_sentence_changes_nothing(sentence):
    assert parse_sentence(format_sentence(sentence)) == sentence


@given(sentences(), st.data())
def test_a_sentence_with_one_letter_changed_parses_or_is_refused(sentence, data):
    text = format_sentence(sentence)
    position = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("0123456789ABC>.+-;| <é") | st.just(""))
    try:
        parsed = parse_sentence(text[:position] + letter + text[position + 1 :])
    except GsfError:
        return
    assert parse_sentence(format_sentence(parsed)) == parsed


@given(st.text() | st.text(alphabet="0123456789|;>+-.ABCDS"))
def test_any_other_text_is_refused_with_a_reason(text):
    try:
        parse_sentence(text)
    except GsfError as error:
        assert error.reason in {"unparsable", "unknown_feature", "duplicate_feature"}
        assert error.detail


@pytest.mark.parametrize(
    "text",
    [
        "",
        ">",
        "1|CDS1|4|+|A",
        "1|CDS1|4|+|A>",
        "1|CDS1|4|+|A>CDS1>CDS1",
        "1|CDS1|4|+|A;>CDS1",
        "1|CDS1|4|+|A>CDS1;",
        "1|CDS1|4|+|A>CDS1|",
        "1|CDS1|4|+|A>;CDS1",
        "1|CDS1|4|+>CDS1",
        "1|CDS1|4|+|A|B>CDS1",
        " 1|CDS1|4|+|A>CDS1",
        "-1|CDS1|4|+|A>CDS1",
        "+1|CDS1|4|+|A>CDS1",
        "1_0|CDS1|40|+|A>CDS1",
        "²|CDS1|4|+|A>CDS1",
        "٣|CDS1|4|+|A>CDS1",
        "|CDS1|4|+|A>CDS1",
        "1|CDS1|4|.|A>CDS1",
        "1|CDS1|4|A|A>CDS1",
        "1|CDS1|4|+|D>CDS1",
        "1|CDS1|4|+|.>CDS1",
        "1|five_prime_UTR1|4|+|A>five_prime_UTR1",
        f"1|CDS1|{'9' * 5000}|+|A>CDS1",
    ],
)
def test_text_that_breaks_the_grammar_is_unparsable(text):
    assert reason_of(text) == "unparsable"


@pytest.mark.parametrize(
    "name", ["CDS0", "CDS151", "CDS01", "CDS", "exon1", "five_prime_UTR51", "three_prime_UTR51", ""]
)
def test_a_defined_name_outside_the_vocabulary_is_an_unknown_feature(name):
    assert reason_of(f"1|{name}|4|+|A>CDS1") == "unknown_feature"


def test_a_name_defined_twice_is_a_duplicate_feature():
    assert reason_of("1|CDS1|4|+|A;5|CDS1|9|+|A>CDS1") == "duplicate_feature"


def test_leading_zeros_are_read_as_the_published_decoder_reads_them():
    assert parse_sentence("007|CDS1|0010|+|A>CDS1").features["CDS1"].start == 7


def test_transcripts_are_checked_one_at_a_time():
    sentence = parse_sentence("1|CDS1|4|+|A>CDS1;CDS1|CDS2;CDS1|CDS1")

    assert [feature.name for feature in sentence.transcript_features(1)] == ["CDS1"]
    with pytest.raises(GsfError, match="transcript 2 names 'CDS2'") as unknown:
        sentence.transcript_features(2)
    assert unknown.value.reason == "unknown_feature"
    with pytest.raises(GsfError, match="transcript 3 names CDS1 twice") as duplicate:
        sentence.transcript_features(3)
    assert duplicate.value.reason == "duplicate_feature"


def test_the_grammar_names_every_feature_of_the_vocabulary_and_every_phase():
    assert len(KIND_OF_NAME) == 250
    assert CDS_PHASES == {"A": 0, "B": 1, "C": 2}
    assert NO_PHASE == "."


def test_a_long_sentence_is_quoted_in_part():
    with pytest.raises(GsfError) as caught:
        parse_sentence(f"{'A' * 9999}>CDS1")
    assert len(str(caught.value)) < 200


def test_features_are_values():
    with pytest.raises(dataclasses.FrozenInstanceError):
        parse_sentence("1|CDS1|4|+|A>CDS1").features["CDS1"].start = 3
