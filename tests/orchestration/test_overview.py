"""Quality on the pages: headline figures of an assembly, and the overview of all."""

import re

import dagster as dg
import pytest

from tests.lab.homes import make_home, put
from tests.orchestration.labs import Lab
from tests.orchestration.test_result_pages import png
from tests.orchestration.test_sensor_and_conditions import (  # noqa: F401
    Watcher,
    annotate_what_is_requested,
    clock,
)
from transgenic_dagster.evaluation.evaluate import evaluate_files
from transgenic_dagster.lab.init import write_lab
from transgenic_dagster.lab.quality import OVERVIEW_COLUMNS, read_overview


def metadata(result, asset):
    """Metadata of an asset as a run reports it."""
    return next(
        event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(asset)
    )


def overview(lab):
    """Materialize the overview; returns its metadata."""
    job = lab.definitions.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        instance=lab.instance, asset_selection=[dg.AssetKey("overview")]
    )
    return metadata(result, "overview")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo assembly of a new lab, annotated, and the metadata of its annotation."""
    lab = Lab(write_lab(tmp_path_factory.mktemp("labs") / "lab"))
    return lab, metadata(lab.annotate("demo"), "merged_gff3")


def attributes(row):
    return dict(
        pair.partition("=")[::2] for pair in row.rstrip("\n").rpartition("\t")[2].split(";")
    )


def coding(path):
    """Coding positions of an annotation with strand, and its genes and transcripts."""
    rows = [row.split("\t") for row in path.read_text().splitlines() if not row.startswith("#")]
    positions = {
        (row[0], row[6], position)
        for row in rows
        if row[2] == "CDS"
        for position in range(int(row[3]) - 1, int(row[4]))
    }
    kinds = [row[2] for row in rows]
    return positions, kinds.count("gene"), kinds.count("mRNA")


def test_headline_figures_are_those_of_the_files(demo):
    lab, shown = demo
    paths = lab.home.results("demo")
    rows = [row for row in paths.gff3.read_text().splitlines() if "\tmRNA\t" in row]
    found = [attributes(row) for row in rows]
    complete = [
        (a["start_codon"], a["stop_codon"], a["inframe_stops"]) == ("1", "1", "0") for a in found
    ]
    ours, genes, transcripts = coding(paths.gff3)
    theirs, input_genes, _ = coding(lab.home.run("demo").sorted_gff)
    confidences = [float(a["confidence"]) for a in found]
    exact = evaluate_files(paths.gff3, lab.home.run("demo").sorted_gff).coding[0]
    wanted = {
        "genes": input_genes,
        "annotated": genes,
        "annotated_percent": 100 * genes / input_genes,
        "transcripts": transcripts,
        "complete_frames_percent": 100 * sum(complete) / transcripts,
        "mean_confidence": sum(confidences) / transcripts,
        "isoforms_per_gene": transcripts / genes,
        "cds_sensitivity_percent": 100 * len(ours & theirs) / len(theirs),
        "cds_precision_percent": 100 * len(ours & theirs) / len(ours),
        "exact_cds_sensitivity_percent": exact.sensitivity,
        "exact_cds_precision_percent": exact.precision,
    }
    numbers = {name: shown[name].value for name in wanted}
    assert numbers == pytest.approx(wanted, abs=0.051)
    assert 0 < shown["changed_genes"].value < input_genes
    assert transcripts > genes, "the demo has isoforms"


def test_every_headline_figure_is_a_number_that_dagster_plots(demo):
    _, shown = demo
    for name in ("annotated_percent", "transcripts", "isoforms_per_gene", "changed_genes"):
        assert isinstance(shown[name], dg.IntMetadataValue | dg.FloatMetadataValue), name


def test_the_report_is_named_and_previewed(demo):
    lab, shown = demo
    report = lab.home.results("demo").gff3.with_name("annotation.gff3.report.html")
    # A path to copy: browsers do not follow links from a web page to a file.
    assert shown["report"] == dg.MetadataValue.path(report)
    assert "What changed" in report.read_text()
    table, picture = shown["preview"].value.split("\n\n")
    assert f"| annotated, % | {shown['annotated_percent'].value} |" in table
    assert png(picture).startswith(b"\x89PNG")
    assert not re.search(r"<[a-z/]", shown["preview"].value)


def test_the_overview_has_a_row_and_a_bar_for_every_assembly_with_results(demo):
    lab, of_demo = demo
    put(lab.home, "moss")
    shown = overview(lab)
    (record,) = shown["table"].records
    assert list(record.data) == list(OVERVIEW_COLUMNS)
    row = record.data
    assert [row[name] for name in ("assembly", "genes", "annotated")] == ["demo", 50, 46]
    assert row["CDS sensitivity %"] == str(of_demo["cds_sensitivity_percent"].value)
    assert row["changed genes"] == str(of_demo["changed_genes"].value)
    assert png(shown["chart"].value).startswith(b"\x89PNG")
    assert [shown[name].value for name in ("assemblies", "genes", "annotated")] == [1, 50, 46]


def test_figures_of_other_results_are_not_shown(demo):
    lab, _ = demo
    gff3 = lab.home.results("demo").gff3
    figures = gff3.with_name("annotation.gff3.figures.json")
    kept = figures.read_text()
    try:
        figures.write_text(kept.replace('"annotation_sha256": "', '"annotation_sha256": "0'))
        (one,) = read_overview(lab.home, ["demo", "elsewhere"])
        assert (one.accounting.annotated, one.figures) == (46, None)
        assert "–" in one.row()
        figures.write_text("{")
        assert read_overview(lab.home, ["demo"])[0].figures is None
    finally:
        figures.write_text(kept)


def test_the_overview_is_due_whenever_results_change(tmp_path, clock):  # noqa: F811
    watcher = Watcher(Lab(make_home(tmp_path)), clock)
    lab = watcher.lab
    assert not watcher.requests_overview()
    for name in ("moss", "fern"):
        put(lab.home, name)
        assert watcher.reported() == [name]
        annotate_what_is_requested(watcher)
        assert watcher.requests_overview()
        assert overview(lab)["assemblies"].value == (1 if name == "moss" else 2)
        assert not watcher.requests_overview()
    lab.instance.delete_dynamic_partition("assembly", "moss")
    assert watcher.requests_overview()
    assert overview(lab)["assemblies"].value == 1
    assert not watcher.requests_overview()
