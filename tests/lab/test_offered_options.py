"""Which options a lab takes, from where, and why it refuses others."""

import shutil
from pathlib import Path
from typing import get_args

import pytest
import yaml

from tests.lab.homes import make_home, put, set_options
from transgenic_dagster.errors import InputError, TransgenicError, UsageError
from transgenic_dagster.lab.offered_options import OPTION_NAMES
from transgenic_dagster.lab.options import assembly_options
from transgenic_dagster.lab.takeover import _unlike_home
from transgenic_dagster.lab.wanted_files import ON_REQUEST, wanted_files
from transgenic_dagster.options import AnnotateOptions, Stage
from transgenic_dagster.run.given_options import parse_options


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    return home


def set_own(home, **options):
    home.assembly("moss").options_file.write_text(yaml.safe_dump(options))


def options_of(home, **run_options):
    return assembly_options(home, home.assembly("moss"), run_options)


@pytest.mark.parametrize(
    "options",
    [
        {"complete": True},
        {"complete_only": True},
        {"longest_isoform": True},
        {"min_confidence": 0.5},
        {"locus_prefix": "MOSS"},
        {"keep_attributes": True},
        {"keep_input": True},
        {"cds_ids": "unique"},
        {"strict_gff3": True},
        {"biotype": "all"},
        {"quality": ["psauron"]},
        {"index": True},
    ],
)
def test_options_of_results_hold_for_an_assembly(home, options):
    set_own(home, **options)
    given = options_of(home)
    ((name, value),) = options.items()
    assert getattr(given, name) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("name", sorted(set(AnnotateOptions.model_fields) - set(OPTION_NAMES)))
def test_what_is_refused_is_refused_with_a_reason(home, name):
    set_own(home, **{name: "x"})
    file = home.assembly("moss").options_file
    with pytest.raises(TransgenicError) as refused:
        options_of(home)
    if name != "lift_from":  # has a sentence of its own
        assert str(refused.value).startswith(f"{file}: {name} is decided by the lab; remove it (")


def test_no_option_of_a_lab_is_a_path_that_a_user_could_write_to():
    fields = AnnotateOptions.model_fields
    paths = {n for n in OPTION_NAMES if Path in (get_args(a := fields[n].annotation) or (a,))}
    assert paths == {*ON_REQUEST, "names_from"}


def test_what_discards_predictions_is_for_single_runs(home):
    set_own(home, overwrite=True)
    with pytest.raises(UsageError, match="overwrite would discard all predictions again"):
        options_of(home)
    set_own(home)
    assert options_of(home, overwrite=True).overwrite


@pytest.mark.parametrize("name", sorted(ON_REQUEST))
def test_files_are_asked_for_and_the_lab_names_them(home, name):
    set_options(home, **{name: True})
    wanted = options_of(home)
    assert getattr(wanted, name) == home.run("moss").root / ON_REQUEST[name]
    assert wanted_files(wanted) == (name,)
    set_own(home, **{name: False})
    assert getattr(options_of(home), name) is None
    set_own(home, **{name: "mine.txt"})
    with pytest.raises(UsageError, match=rf"{name}: true or false \(got 'mine.txt'\)"):
        options_of(home)


def test_an_assembly_may_put_right_what_the_lab_excludes_for_it(home):
    set_options(home, changes=True)
    set_own(home, complete=True)
    with pytest.raises(UsageError, match=r"moss/options.yaml: --complete and --changes exclude"):
        options_of(home)
    set_own(home, complete=True, changes=False)
    assert options_of(home).complete
    set_options(home, complete=True, grammar="on")
    with pytest.raises(UsageError, match=r"home/options.yaml: --complete and --grammar on"):
        set_own(home)
        options_of(home)
    set_own(home, complete=False)
    assert options_of(home).grammar == "on"


def test_lifted_genes_are_not_completed(home):
    home.assembly("fern").path.mkdir()
    shutil.copy(home.assembly("moss").genome, home.assembly("fern").path / "genome.fa")
    set_options(home, complete=True, lift_from="moss")
    with pytest.raises(UsageError, match="--complete and --lift_from exclude each other"):
        assembly_options(home, home.assembly("fern"))
    home.assembly("fern").options_file.write_text("complete: false\n")
    assert assembly_options(home, home.assembly("fern")).lift_from


@pytest.mark.parametrize("complete", [False, True])
def test_there_is_always_a_report(home, complete):
    assert options_of(home, complete=complete).report == home.report("moss")


def test_names_come_from_an_earlier_output_beside_the_options(home):
    earlier = home.assembly("moss").path / "before.gff3"
    set_own(home, locus_prefix="MOSS", names_from="before.gff3")
    with pytest.raises(InputError, match=r"names_from: .*before.gff3 does not exist"):
        options_of(home)
    earlier.write_text("##gff-version 3\n")
    options = options_of(home)
    assert options.names_from == earlier
    digest = options.affecting_results(Stage.RESULTS)["names_from"]
    earlier.write_text("##gff-version 3\n#\n")
    assert options.affecting_results(Stage.RESULTS)["names_from"] != digest


def test_names_do_not_come_from_what_is_written(home):
    gff3 = home.results("moss").gff3
    gff3.parent.mkdir(parents=True)
    gff3.write_text("##gff-version 3\n")
    set_own(home, locus_prefix="MOSS", names_from="../../runs/moss/annotation.gff3")
    with pytest.raises(UsageError, match="is replaced whenever results are made; copy it"):
        options_of(home)


def test_a_run_that_is_taken_over_keeps_its_wishes(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = options_of(home).model_dump(exclude_unset=True) | {"report": "r.html"}
    values |= {"cds": "my.fa", "locus_prefix": "MOSS", "names_from": "old.gff3", "overwrite": True}
    assert _unlike_home(parse_options(values), options_of(home)) == {
        "cds": True,
        "locus_prefix": "MOSS",
        "names_from": str(tmp_path / "old.gff3"),
    }
