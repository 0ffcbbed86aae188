import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transgenic_dagster.errors import UsageError
from transgenic_dagster.gsf.sentence import PredictedSentence, SentenceHypothesis
from transgenic_dagster.inference.journal import Journal, read_journal

RUN = "0a" * 16
texts = {
    "raw": st.text("0123456789|;>CDS+é\n"),
    "clean": st.text("0123456789|;>CDS+"),
    "score": st.floats(-100, 0),
    "confidence": st.floats(0, 1),
    "finished": st.booleans(),
    "log_probability": st.floats(-1000, 0),
    "digit_costs": st.binary(max_size=40),
}
sentence = st.builds(
    PredictedSentence,
    region_id=st.integers(0, 10**6),
    failure=st.sampled_from(["", "out_of_memory"]),
    alternatives=st.lists(st.builds(SentenceHypothesis, **texts), max_size=2).map(tuple),
    **texts,
)
groups = st.lists(st.lists(sentence, min_size=1, max_size=3), min_size=1, max_size=4)


def write(path, written):
    with Journal(path, RUN) as journal:
        for group in written:
            journal.append(group)


def last_of_each(sentences):
    return list({sentence.region_id: sentence for sentence in sentences}.values())


def test_the_last_sentence_of_a_region_counts(tmp_path):
    lost = PredictedSentence(3, "", "", 0.0, 0.0, False, "out_of_memory")
    other = PredictedSentence(4, "a", "a", -1.0, 0.5, True)
    found = PredictedSentence(3, "b", "b", -1.0, 0.5, True)
    write(tmp_path / "Chr1.jsonl", [[lost, other], [found]])
    assert read_journal(tmp_path / "Chr1.jsonl", RUN) == [found, other]


@given(groups)
@settings(max_examples=30)
def test_what_was_appended_is_read_back(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("journal") / "Chr1.jsonl"
    write(path, written)
    assert read_journal(path, RUN) == last_of_each(s for group in written for s in group)


@given(groups, st.data())
@settings(max_examples=60)
def test_a_torn_end_loses_whole_groups_from_the_end_only(tmp_path_factory, written, data):
    path = tmp_path_factory.mktemp("journal") / "Chr1.jsonl"
    write(path, written)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    survivors = path.read_bytes().count(b"\n")
    expected = [sentence for group in written[:survivors] for sentence in group]
    assert read_journal(path, RUN) == last_of_each(expected)

    extra = PredictedSentence(7, "a", "a", -1.0, 0.5, True)
    write(path, [[extra]])
    assert read_journal(path, RUN) == last_of_each([*expected, extra])


def write_three(path):
    written = [PredictedSentence(i, "a", "a", -1.0, 0.5, True) for i in range(3)]
    write(path, [[one] for one in written])
    return written


def test_a_flipped_bit_loses_its_line_at_most_and_nothing_is_erased(tmp_path):
    path = tmp_path / "Chr1.jsonl"
    written = write_three(path)
    whole = path.read_bytes()
    ends = [i for i, byte in enumerate(whole) if byte == ord("\n")]
    for i in range(len(whole)):
        for bit in (1, 2, 32):
            damaged = whole[:i] + bytes([whole[i] ^ bit]) + whole[i + 1 :]
            path.write_bytes(damaged)
            line = sum(end < i for end in ends)
            lost = {line, line + 1} if i in ends else {line}  # without a line end, two are one
            left = [one for one in written if one.region_id not in lost]
            assert read_journal(path, RUN) == left
            if i == len(whole) - 1:
                continue  # torn, as far as can be seen
            with Journal(path, RUN):
                pass
            assert path.read_bytes() == damaged


def test_a_damaged_line_is_noted_and_its_regions_can_be_written_again(tmp_path, caplog):
    path = tmp_path / "Chr1.jsonl"
    first, second, third = write_three(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].swapcase() + lines[2])
    write(path, [[second]])
    assert read_journal(path, RUN) == [first, third, second]
    assert f"line 2 of the journal {path} is damaged" in caplog.text


def test_the_journal_of_another_run_or_piece_is_refused_and_kept(tmp_path):
    path = tmp_path / "Chr1.jsonl"
    write_three(path)
    before = path.read_bytes()
    for opening in (lambda: read_journal(path, "1b" * 16), Journal(path, "1b" * 16).__enter__):
        with pytest.raises(
            UsageError, match=r"Chr1\.jsonl belongs to another run or another piece"
        ):
            opening()
    assert path.read_bytes() == before


def test_a_journal_of_the_previous_format_is_refused(tmp_path):
    path = tmp_path / "Chr1.jsonl"
    old = json.dumps([{"region_id": 0, "raw": "a", "clean": "a", "score": -1.0}]).encode()
    path.write_bytes(b"%08x %s\n" % (zlib.crc32(old), old))
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"Line 1 of the journal .*Chr1\.jsonl.*--overwrite"):
        read_journal(path, RUN)
    with pytest.raises(UsageError, match="another version"), Journal(path, RUN):
        pass
    assert path.read_bytes() == before


def test_the_winner_stands_before_the_alternatives():
    other = SentenceHypothesis("b", "b", -2.0, 0.4, True, -6.0, b"")
    costs = bytes(range(10))
    sentence = PredictedSentence(0, "a", "a", -1.0, 0.5, True, "", -3.0, costs, (other,))
    assert sentence.hypotheses == (
        sentence,
        PredictedSentence(0, "b", "b", -2.0, 0.4, True, "", -6.0, b""),
    )


def test_no_file_is_an_empty_journal(tmp_path):
    assert read_journal(tmp_path / "absent.jsonl", RUN) == []


def test_an_append_is_on_disk_before_it_returns(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", synced.append)
    with Journal(tmp_path / "Chr1.jsonl", RUN) as journal:
        journal.append([PredictedSentence(0, "a", "a", -1.0, 0.5, True)])
        assert len(synced) == 1
        with pytest.raises(TypeError):
            journal.append([object()])
        assert len(synced) == 1
