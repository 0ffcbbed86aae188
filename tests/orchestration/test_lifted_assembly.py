"""A lab's assembly without an annotation: its genes come from another one, without being asked."""

import pytest

from tests.orchestration.labs import Lab
from transgenic_dagster.errors import MissingOnMachineError
from transgenic_dagster.lab.arrivals import look_for_arrivals
from transgenic_dagster.lab.init import add_assembly, write_lab
from transgenic_dagster.lab.memory import version_of
from transgenic_dagster.lifting.aligner import find_aligner
from transgenic_dagster.orchestration.sensor import arrival_of

SCAFFOLDS = 3


@pytest.fixture
def lab(tmp_path):
    """The demo's lab, and a new assembly of its scaffolds under other names."""
    try:
        find_aligner()
    except MissingOnMachineError as error:
        pytest.skip(str(error))
    home = write_lab(tmp_path / "lab")
    records = home.assembly("demo").genome.read_text().split(">")[-SCAFFOLDS:]
    genome = tmp_path / "new.fa"
    genome.write_text("".join(f">new_{record}" for record in records))
    options = "lift_from: demo\nmodel: demo\n"
    add_assembly(home, "fresh", genome, None, copy=True, options=options)
    return Lab(home)


def test_an_assembly_without_annotation_is_reported_and_annotated(lab):
    home = lab.home
    found = look_for_arrivals(home, {}, 0, rest_seconds=0)
    arrival = arrival_of(home, "fresh", version_of(home, "fresh", found.at_rest["fresh"]))
    assert arrival.metadata["genes"].value == str(home.assembly("demo").genes)

    result = lab.annotate("fresh")
    assert result.success
    checks = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    assert checks["accounting_adds_up"]
    assert checks["gff3_is_valid"]
    # Genes that are not there are not the model's to annotate.
    assert checks["gene_count_is_plausible"]
    (materialized,) = (
        event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key.to_user_string() == "merged_gff3"
    )
    assert materialized["annotated_percent"].value == 100
    genes = [
        line.split("\t")
        for line in home.results("fresh").gff3.read_text().splitlines()
        if "\tgene\t" in line
    ]
    assert [(columns[0], columns[8].rpartition("=")[2]) for columns in genes] == [
        ("new_scaffold_1", "DEMOS1G00010"),
        ("new_scaffold_1", "DEMOS1G00020"),
        ("new_scaffold_1", "DEMOS1G00030"),
        ("new_scaffold_2", "DEMOS2G00010"),
        ("new_scaffold_3", "DEMOS3G00010"),
    ]
    (table,) = home.run("fresh").root.glob("*.lifted.tsv")
    outcomes = [line.split("\t")[1] for line in table.read_text().splitlines()[1:]]
    assert (outcomes.count("lifted"), outcomes.count("not_lifted")) == (5, 45)
