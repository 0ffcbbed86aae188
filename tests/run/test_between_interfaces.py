"""A run that is begun with one interface and ends with the other leaves the same bytes."""

import pytest

from tests.assemblies import golden_chromosome
from tests.lab.homes import TINY, make_home, put
from tests.orchestration.labs import AFTER, BEFORE, Lab, failure, messages
from tests.run.test_annotate import CrashAfter, CrashError
from transgenic_dagster.cli.lab import main
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.run.given_options import parse_options


@pytest.fixture
def assembly(tmp_path):
    return golden_chromosome(tmp_path)


@pytest.fixture
def whole(assembly, tmp_path):
    """Files of a run that nothing interrupted."""
    return written_at_the_shell(assembly, tmp_path / "whole")


def shell_options(assembly, folder, **options):
    folder.mkdir(exist_ok=True)
    values = TINY | {"fasta_file": assembly.fasta, "gff_file": assembly.gff}
    values |= {"output": folder / "out.gff3", "gsf_output": folder / "out.tsv"}
    return parse_options(values | {"proteins": folder / "out.fa"} | options)


def written_at_the_shell(assembly, folder, **options):
    annotate(shell_options(assembly, folder, **options), SilentProgress())
    names = ("out.gff3", "out.gff3.rejects.txt", "out.tsv", "out.fa")
    return [(folder / name).read_bytes() for name in names]


def written_in_the_lab(home, name):
    results = home.results(name)
    return [p.read_bytes() for p in (results.gff3, results.rejects, results.gsf, results.proteins)]


def test_a_run_broken_off_at_the_shell_ends_in_a_lab(assembly, whole, tmp_path):
    with pytest.raises(CrashError):
        annotate(shell_options(assembly, tmp_path / "shell"), CrashAfter(4))
    home = make_home(tmp_path, max_length=16)  # the run keeps its own options
    work_folder = tmp_path / "shell" / "out.gff3.work"
    arguments = ["add", "moss", "--run", str(work_folder), "--home", str(home.root)]
    assert main(arguments) == 0
    lab = Lab(home)
    lab.run(BEFORE, "moss")
    result = lab.run(["predictions"], "moss|chr1")
    assert "done already of chr1: 4 of 9 regions" in messages(result, lab.instance)
    lab.run(AFTER, "moss")
    assert written_in_the_lab(home, "moss") == whole
    assert (work_folder / "journal" / "chr1.jsonl").exists()


def test_a_piece_broken_off_in_a_lab_ends_at_the_shell(assembly, whole, tmp_path, monkeypatch):
    home = make_home(tmp_path)
    put(home, "moss", assembly)
    lab = Lab(home)
    lab.run(BEFORE, "moss")
    predict, left = Engine.predict, [2]

    def failing(self, *args, **kwargs):
        left[0] -= 1
        if left[0] < 0:
            raise CrashError
        return predict(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "predict", failing)
        assert "CrashError" in failure(lab.run(["predictions"], "moss|chr1", check=False))
    seen = []

    class Count(SilentProgress):
        def start(self, total, done, rejected):
            seen.append((total, done))

    folder = tmp_path / "shell"
    run = home.run("moss").root
    options = shell_options(assembly, folder, work_folder=run, resume=True)
    annotate(options, Count())
    assert seen == [(9, 4)]
    assert written_at_the_shell(assembly, folder, work_folder=run, resume=True) == whole
    assert (run / "regions.duckdb").exists()
    assert lab.run(AFTER, "moss").success
    assert written_in_the_lab(home, "moss") == whole


@pytest.mark.parametrize("name", ["empty", "full"])
def test_a_folder_that_is_not_a_run_is_not_taken_over(tmp_path, capsys, name):
    home = make_home(tmp_path)
    folder = tmp_path / name
    folder.mkdir()
    if name == "full":
        (folder / "run.json").write_text("{}")
    assert main(["add", "moss", "--run", str(folder), "--home", str(home.root)]) == 2
    assert "is not the folder of a run" in capsys.readouterr().err
    assert list(home.assemblies.iterdir()) == []
