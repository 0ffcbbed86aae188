import gzip

import pytest

from transgenic_dagster.system.output_files import read_output, read_output_bytes, write_output

TEXT = "".join(f"{number} Ä\n" for number in range(30_000))
END_OF_BGZIP = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def written(path):
    with write_output(path) as handle:
        handle.write(TEXT)
    return path


def test_a_name_that_ends_in_gz_means_bgzip(tmp_path):
    content = written(tmp_path / "a.gz").read_bytes()
    assert content.endswith(END_OF_BGZIP)
    assert gzip.decompress(content).decode() == TEXT
    assert written(tmp_path / "a").read_text() == TEXT


def test_the_same_text_gives_the_same_bytes(tmp_path):
    assert written(tmp_path / "a.gz").read_bytes() == written(tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_what_was_written_is_read_back(tmp_path, name):
    path = written(tmp_path / name)
    with read_output(path) as text, read_output_bytes(path) as content:
        assert text.read() == TEXT
        assert content.read().decode() == TEXT


def test_a_compressed_file_appears_complete_or_not_at_all(tmp_path):
    (tmp_path / "a.gz").write_text("old")
    with pytest.raises(KeyError), write_output(tmp_path / "a.gz") as handle:
        handle.write(TEXT)
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["a.gz"]
    assert (tmp_path / "a.gz").read_text() == "old"


def test_a_device_that_takes_no_more_is_an_error(tmp_path):
    (tmp_path / "full.gz").symlink_to("/dev/full")
    with pytest.raises(OSError), write_output(tmp_path / "full.gz") as handle:
        handle.write(TEXT)
