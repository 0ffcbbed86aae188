import hashlib

import pytest

from transgenic_dagster.system.digest import file_sha256


def test_digest_is_that_of_the_bytes_of_all_files(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"\0\r\n" * 100_000)
    other.write_bytes(b"x")
    assert file_sha256(one) == hashlib.sha256(one.read_bytes()).hexdigest()
    assert file_sha256(one, other) == hashlib.sha256(one.read_bytes() + b"x").hexdigest()


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        file_sha256(tmp_path / "missing")
