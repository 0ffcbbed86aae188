"""Tables, pictures and checks of the final files."""

import base64
import re
from types import SimpleNamespace

import dagster as dg
import pytest

from tests.orchestration.labs import Lab
from transgenic_dagster.lab.init import write_lab
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
from transgenic_dagster.quality.tables import table


def png(markdown):
    """Bytes of the picture in a Markdown text."""
    match = re.fullmatch(r"!\[[^\]]*\]\(data:image/png;base64,([A-Za-z0-9+/=]+)\)", markdown)
    return base64.b64decode(match[1])


def test_a_table_shows_strange_names_as_they_are():
    rows = [
        ("a|b", "<script>alert(1)</script>"),
        ("x\ny", "![p](http://q) `c` *d* $e$"),
        ("n", 1234),
    ]
    lines = table(("name", "value"), rows).splitlines()
    assert lines[:2] == ["| name | value |", "| --- | --- |"]
    assert lines[2] == r"| a\|b | \<script\>alert\(1\)\</script\> |"
    assert lines[3] == r"| x y | \!\[p\]\(http://q\) \`c\` \*d\* \$e\$ |"
    assert lines[4] == "| n | 1,234 |"


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


def test_checks_fail_on_broken_files_and_block(demo, results):
    text = results.gff3.read_text()
    results.gff3.write_text(text.replace("\tCDS\t", "\tCDS\t9", 1))
    checks = next(iter(demo.definitions.asset_checks))
    context = SimpleNamespace(partition_key="demo")
    evaluated = {one.check_name: one for one in checks.op.compute_fn.decorated_fn(context)}
    assert len(evaluated) == 4
    assert not evaluated["gff3_is_valid"].passed
    assert evaluated["gff3_is_valid"].severity == dg.AssetCheckSeverity.ERROR
    assert evaluated["reject_share_is_plausible"].passed
    blocking = {spec.name for spec in checks.check_specs if spec.blocking}
    assert blocking == {"accounting_adds_up", "gff3_is_valid"}
