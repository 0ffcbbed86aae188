"""Tables, pictures and checks of the final files."""

import base64
import re
from types import SimpleNamespace

import dagster as dg
import pytest

from tests.orchestration.labs import Lab
from transgenic_dagster.lab.init import write_lab
from transgenic_dagster.orchestration.checks import RESULT_CHECKS
from transgenic_dagster.orchestration.launchpad import LabResource
from transgenic_dagster.orchestration.metadata import table
from transgenic_dagster.orchestration.partitions import ASSEMBLIES
from transgenic_dagster.quality.pictures import (
    ANNOTATED,
    MOST_SEQUENCES,
    REJECTED,
    SKIPPED,
    GenePlace,
    confidence_histogram,
    genome_map,
    reason_bars,
)
from transgenic_dagster.quality.recount import recount


def png(markdown):
    """Bytes of the picture in a Markdown text."""
    match = re.fullmatch(r"!\[[^\]]*\]\(data:image/png;base64,([A-Za-z0-9+/=]+)\)", markdown)
    return base64.b64decode(match[1])


def test_a_table_keeps_strange_names_and_numbers_as_they_are():
    shown = table(("name", "genes"), [("a|b <script>", 1234), ("x\ny", 5)])
    assert [list(record.data.values()) for record in shown.records] == [
        ["a|b <script>", 1234],
        ["x\ny", 5],
    ]
    assert [column.type for column in shown.schema.columns] == ["string", "int"]


def test_pictures_of_large_genomes_and_strange_names_stay_small():
    lengths = {f"chr{i}$_{{x}}": 50_000_000 - i for i in range(2 * MOST_SEQUENCES)}
    genes = [
        GenePlace(name, i * 50_000, i * 50_000 + 2_000, (ANNOTATED, REJECTED, SKIPPED)[i % 3])
        for name in lengths
        for i in range(1000)
    ]
    markdown = genome_map(lengths, genes)
    assert f"the {MOST_SEQUENCES} smallest sequences are not shown" in markdown
    picture = png(markdown)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 100_000


def test_pictures_of_nothing_are_pictures():
    for markdown in (
        confidence_histogram([]),
        reason_bars({"truncated": 3}),
        genome_map({"c": 9}, []),
    ):
        assert png(markdown).startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    home = write_lab(tmp_path_factory.mktemp("labs") / "lab")
    lab = Lab(home)
    lab.annotate("demo")
    return lab


@pytest.fixture
def results(demo):
    """Final files, put back after a test has broken them."""
    paths = demo.home.results("demo")
    kept = {path: path.read_bytes() for path in paths.all()}
    yield paths
    for path, content in kept.items():
        path.write_bytes(content)


def faults(demo):
    home, paths = demo.home, demo.home.results("demo")
    return " ".join(recount(home.run("demo").region_db, paths.gff3, paths.rejects).faults)


def test_a_recount_finds_lost_invented_and_doubled_genes(demo, results):
    assert faults(demo) == ""
    text = results.gff3.read_text()
    head, *genes = re.split(r"(?m)^(?=\S+\ttransgenic\tgene\t)", text)
    results.gff3.write_text(head + "".join(genes[1:]))
    assert "genes neither annotated nor rejected: DEMO" in faults(demo)
    assert "the input has 50 genes but 49 are accounted for" in faults(demo)
    results.gff3.write_text(text + genes[0])
    assert "genes twice in the GFF3" in faults(demo)
    results.gff3.write_text(text.replace("GM=DEMO1G00010", "GM=INVENTED"))
    assert "genes that the input does not have: INVENTED" in faults(demo)


def checked(demo, **partition):
    """Results of the checks of the files as they are."""
    checks = next(one for one in demo.definitions.asset_checks if len(list(one.check_specs)) > 1)
    values = {"has_partition_key": True, "partition_key": "demo", **partition}
    selected = {spec.key for spec in RESULT_CHECKS}
    context = SimpleNamespace(selected_asset_check_keys=selected, **values)
    found = checks.op.compute_fn.decorated_fn(context, LabResource(root=str(demo.home.root)))
    return {one.check_name: one for one in found}


def test_checks_fail_on_broken_files_and_block(demo, results):
    text = results.gff3.read_text()
    results.gff3.write_text(text.replace("\tCDS\t", "\tCDS\t9", 1))
    found = checked(demo)
    assert not found["gff3_is_valid"].passed
    assert found["gff3_is_valid"].severity == dg.AssetCheckSeverity.ERROR
    assert found["gene_count_is_plausible"].passed
    blocking = {spec.name for spec in RESULT_CHECKS if spec.blocking}
    assert blocking == {"accounting_adds_up", "gff3_is_valid"}


@pytest.mark.parametrize(
    ("pattern", "replacement", "check"),
    [
        (r"stop_codon=1", "stop_codon=0", "reading_frames_are_complete"),
        (r"inframe_stops=0", "inframe_stops=2", "no_stops_in_frame"),
        (r"GM=DEMO1G000\d0", "GM=DEMO2G00010", "genes_overlap_their_input"),
    ],
)
def test_checks_of_gene_models_see_what_is_wrong(demo, results, pattern, replacement, check):
    assert checked(demo)[check].passed
    results.gff3.write_text(re.sub(pattern, replacement, results.gff3.read_text()))
    assert not checked(demo)[check].passed


def test_limits_of_the_checks_are_those_of_the_lab(demo):
    options = demo.home.options_file
    kept = options.read_text()
    try:
        assert checked(demo)["gene_count_is_plausible"].passed
        options.write_text(kept + "\nchecks: {annotated: 0.93}\n")
        assert not checked(demo)["gene_count_is_plausible"].passed
        demo.home.assembly("demo").options_file.write_text("checks: {annotated: 0.92}\n")
        assert checked(demo)["gene_count_is_plausible"].passed
    finally:
        options.write_text(kept)
        demo.home.assembly("demo").options_file.unlink(missing_ok=True)


def test_gene_models_that_repeat_each_other_are_seen(demo, results):
    text = results.gff3.read_text()
    head, *genes = re.split(r"(?m)^(?=\S+\ttransgenic\tgene\t)", text)
    names = [re.search("GM=([^;\\n]+)", gene)[1] for gene in genes]
    copies = [genes[0].replace(names[0], name) for name in names[1:12]]
    results.gff3.write_text(head + "".join([*genes, *copies]))
    assert not checked(demo)["structures_differ"].passed


def test_each_assembly_has_its_own_results_of_the_checks(demo):
    assert all(spec.partitions_def is ASSEMBLIES for spec in RESULT_CHECKS)


def test_executing_all_checks_at_once_says_how_to_check_an_assembly(demo):
    with pytest.raises(dg.Failure, match="materialize merged_gff3 of the assembly"):
        checked(demo, has_partition_key=False)
