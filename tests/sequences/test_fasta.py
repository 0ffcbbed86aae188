import gzip
import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfaidx import Faidx

from transgenic_dagster.errors import InputError
from transgenic_dagster.sequences import compression, fasta_index
from transgenic_dagster.sequences.fasta import Genome, open_genome

BASES = st.text("ACGTNacgtnRY-", max_size=60)
GENOMES = st.dictionaries(st.from_regex(r"[A-Za-z0-9_.|:#é]{1,12}", fullmatch=True), BASES)


def open_text(content: str | bytes, folder: Path, name: str = "genome.fa") -> Genome:
    """Open a FASTA file with the given content, with the index in a folder of its own."""
    fasta = folder / name
    fasta.write_bytes(content if isinstance(content, bytes) else content.encode())
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    return open_genome(fasta, cache)


def write_fasta(sequences: dict[str, str], width: int, line_end: str = "\n") -> str:
    file = io.StringIO()
    for seqid, sequence in sequences.items():
        file.write(f">{seqid} a note{line_end}")
        for start in range(0, len(sequence), width):
            file.write(sequence[start : start + width] + line_end)
    return file.getvalue()


def bgzip(content: bytes) -> bytes:
    """Compress as bgzip does: gzip members of limited size, each with its size in a field."""
    blocks = []
    for start in range(0, len(content) + 1, 50):
        piece = content[start : start + 50]
        deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        data = deflater.compress(piece) + deflater.flush()
        size = len(data) + 25
        header = b"\x1f\x8b\x08\x04" + b"\0" * 4 + b"\0\xff" + struct.pack("<H", 6)
        blocks.append(
            header
            + b"BC"
            + struct.pack("<HH", 2, size)
            + data
            + struct.pack("<II", zlib.crc32(piece), len(piece))
        )
    return b"".join(blocks)


def assert_holds(genome: Genome, sequences: dict[str, str]) -> None:
    assert list(genome.lengths.items()) == [(s, len(q)) for s, q in sequences.items()]
    for seqid, sequence in sequences.items():
        for start in range(0, len(sequence) + 1, 7):
            for end in range(start, len(sequence) + 1, 5):
                assert genome.fetch(seqid, start, end) == sequence[start:end]


@given(
    GENOMES.filter(lambda g: any(g.values())), st.integers(1, 70), st.sampled_from(["\n", "\r\n"])
)
def test_every_interval_of_a_regular_file_is_found(
    tmp_path_factory: pytest.TempPathFactory, sequences: dict[str, str], width: int, line_end: str
) -> None:
    folder = tmp_path_factory.mktemp("fasta")
    with open_text(write_fasta(sequences, width, line_end), folder) as genome:
        assert_holds(genome, sequences)


@given(
    GENOMES.filter(lambda g: any(g.values())), st.integers(1, 70), st.sampled_from(["\n", "\r\n"])
)
def test_the_index_of_a_regular_file_is_the_one_that_pyfaidx_builds(
    tmp_path_factory: pytest.TempPathFactory, sequences: dict[str, str], width: int, line_end: str
) -> None:
    folder = tmp_path_factory.mktemp("fasta")
    open_text(write_fasta(sequences, width, line_end), folder).close()
    Faidx(str(folder / "genome.fa")).close()
    theirs = (folder / "genome.fa.fai").read_text(encoding="utf-8")
    assert (folder / "cache" / "genome.fa.fai").read_text(encoding="utf-8") == theirs


@pytest.mark.parametrize("compress", [gzip.compress, bgzip, bytes])
@pytest.mark.parametrize("name", ["genome.fa", "genome.fa.gz"])
def test_compression_is_recognised_by_content(compress, name, tmp_path):
    sequences = {"chr1": "ACGTTGCA" * 40, "chr2": "acgtn" * 9}
    content = compress(write_fasta(sequences, 60).encode())
    with open_text(content, tmp_path, name) as genome:
        assert_holds(genome, sequences)


@pytest.mark.parametrize(
    "content",
    [
        ">a\nACGT\nAC\nACGT\n>b\nA\n",
        ">a\nACGT\n\nACGT\nAC\n>b\nA\n",
        ">a\nACGT\nACGTAC\n>b\nA\n",
        ">a\n\nACGTACGTAC\n>b\nA\n",
        ">a\nACGT\nACGT  \nAC\n>b\nA\n",
        ">a\nACGT ACGT AC\n>b\nA\n",
        ">a\tnote\nACGT\r\nACGT\nAC\r\n>b\nA\n",
        ">a\rACGT\rACGT\rAC\r>b\rA\r",
        "\n\n>a\nACGTACGTAC\n\n\n>b\n\nA",
        "\ufeff>a\nACGTACGTAC\n>b\nA\n",
    ],
)
def test_irregular_lines_are_read_all_the_same(content, tmp_path):
    with open_text(content, tmp_path) as genome:
        assert genome.lengths == {"a": 10, "b": 1}
        assert genome.fetch("b", 0, 1) == "A"
        assert len(genome.fetch("a", 0, 10)) == 10
        assert set(genome.fetch("a", 0, 10)) == set("ACGT")


@given(GENOMES.filter(lambda g: any(g.values())), st.data())
def test_flat_copy_holds_the_same_sequences_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, sequences: dict[str, str], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("fasta")
    path = folder / "genome.fa"
    text = write_fasta(sequences, 7, data.draw(st.sampled_from(["\n", "\r\n", "\n\n", "\r"])))
    path.write_bytes(text.encode())
    size = data.draw(st.integers(1, 40))
    flat = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fasta_index, "read_blocks", lambda p: compression.read_blocks(p, size))
        records = fasta_index.write_flat(path, flat)
    content = flat.getvalue()
    assert {r.seqid: content[r.offset : r.offset + r.length].decode() for r in records} == sequences


@given(GENOMES.filter(lambda g: any(g.values())), st.integers(1, 40), st.integers(1, 40))
def test_index_does_not_depend_on_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, sequences: dict[str, str], width: int, size: int
) -> None:
    path = tmp_path_factory.mktemp("fasta") / "genome.fa"
    path.write_text(write_fasta(sequences, width), encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fasta_index, "read_blocks", lambda p: compression.read_blocks(p, size))
        in_small_blocks = fasta_index.index_in_place(path)
    assert in_small_blocks == fasta_index.index_in_place(path)


def test_a_chromosome_on_one_line_is_read_without_holding_it(tmp_path, monkeypatch):
    monkeypatch.setattr(fasta_index, "BLOCK_SIZE", 100)
    monkeypatch.setattr(fasta_index, "read_blocks", lambda p: compression.read_blocks(p, 100))
    sequence = "ACGTACGTGG" * 100
    with open_text(f">a\n{sequence}\n>b\nACGT\n", tmp_path) as genome:
        assert_holds(genome, {"a": sequence, "b": "ACGT"})


def test_names_end_at_the_first_white_space(tmp_path):
    with open_text(">chr1\tnote\nAC\n>chr2 length=2\nAC\n", tmp_path) as genome:
        assert list(genome.lengths) == ["chr1", "chr2"]


def test_letters_outside_ascii_become_n(tmp_path):
    with open_text(">a caf\u00e9\nAC\u00e9GT\n", tmp_path) as genome:
        assert genome.fetch("a", 0, 6) == "ACNNGT"


def test_empty_sequences_are_kept(tmp_path):
    with open_text(">a\n>b\nACGT\n>c\n", tmp_path) as genome:
        assert genome.lengths == {"a": 0, "b": 4, "c": 0}
        assert genome.fetch("a", 0, 0) == ""


def test_nothing_is_written_beside_the_fasta_even_if_it_is_from_the_future(tmp_path):
    folder = tmp_path / "read_only"
    folder.mkdir()
    fasta = folder / "genome.fa"
    fasta.write_text(">a\nACGT\n")
    os.utime(fasta, (2**32, 2**32))
    cache = tmp_path / "cache"
    cache.mkdir()
    with open_genome(fasta, cache) as genome:
        assert genome.fetch("a", 1, 3) == "CG"
    assert [path.name for path in folder.iterdir()] == ["genome.fa"]


@pytest.mark.parametrize("interval", [(-1, 2), (3, 2), (0, 5)])
def test_interval_outside_the_sequence_is_refused(interval, tmp_path):
    with open_text(">a\nACGT\n", tmp_path) as genome, pytest.raises(ValueError, match="not within"):
        genome.fetch("a", *interval)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("\n\n", "holds no sequence"),
        (">a\n>b\n", "holds no sequence"),
        ("chr1\tx\tgene\t1\t9\t.\t+\t.\tID=a\n", "is not a FASTA file: it does not begin"),
        ("##gff-version 3\n", "is not a FASTA file"),
        (">a\nAC\n>a b\nAC\n", "has two sequences named 'a'"),
        (">a\nAC\n>\nAC\n", "record 2 has no name"),
        ("> a\nAC\n", "record 1 has no name"),
        (">a\nMKVLEF\n", "holds proteins, not DNA: a has the letter E"),
        (b"PK\x03\x04abcdef", "is a ZIP archive"),
        (b"BZh91AY", "is compressed with bzip2"),
        (b"\xfd7zXZ\x00abc", "is compressed with xz"),
        (gzip.compress(b">a\n" + b"ACGT" * 5000, mtime=0)[:-30], "is truncated or damaged"),
        (gzip.compress(b">a\nACGT\n", mtime=0)[:20] + b"\xff" * 30, "is truncated or damaged"),
        (gzip.compress(b"", mtime=0), "holds no sequence"),
        (gzip.compress(b"chr1\t1\t2\n", mtime=0), "is not a FASTA file"),
    ],
)
def test_what_is_no_genome_is_refused_in_one_sentence(content, sentence, tmp_path):
    with pytest.raises(InputError, match=sentence) as caught:
        open_text(content, tmp_path)
    assert "genome.fa" in str(caught.value)


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"missing\.fa does not exist; check its name"):
        open_genome(tmp_path / "missing.fa", tmp_path)
    with pytest.raises(InputError, match="is a folder; give the name of a file"):
        open_genome(tmp_path, tmp_path)
