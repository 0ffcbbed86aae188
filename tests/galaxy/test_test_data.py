import gzip
from pathlib import Path

from tests.galaxy.form import TOOL_FOLDER
from tests.galaxy.make_test_data import TEST_DATA, make_test_data
from transgenic_dagster.checkpoint.files import DEMO_MODEL

MADE_ELSEWHERE = {"all_fasta.loc", "transgenic_models.loc"}


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): gzip.decompress(path.read_bytes())
        if path.suffix == ".gz"
        else path.read_bytes()
        for path in files
    }


def test_the_test_data_are_what_their_script_makes(tmp_path):
    make_test_data(tmp_path)
    kept = {name: data for name, data in contents(TEST_DATA).items() if name not in MADE_ELSEWHERE}
    assert kept == contents(tmp_path)


def test_the_test_data_stay_small():
    assert sum(path.stat().st_size for path in TEST_DATA.rglob("*") if path.is_file()) < 1_000_000


def test_every_line_of_a_test_table_names_something_that_is_there():
    for name in MADE_ELSEWHERE:
        for line in (TEST_DATA / name).read_text().splitlines():
            path = line.split("\t")[-1].replace("${__HERE__}", str(TEST_DATA))
            assert path == DEMO_MODEL or Path(path).exists()
        sample = TOOL_FOLDER / "tool-data" / f"{name}.sample"
        assert all(row.startswith("#") for row in sample.read_text().splitlines())
