"""Results in the forms in which users hand them on, of the demo's own genes."""

import gzip
import json
import re
import shutil
import subprocess
import sys

import gffutils
import pysam
import pytest

from tests.assemblies import golden_chromosome
from tests.run.told_runs import merge_told, options_of, tell_all
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.errors import UsageError
from transgenic_dagster.run.change_log import make_change_log
from transgenic_dagster.run.report import make_report
from transgenic_dagster.run.results import merge_pieces


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return write_assembly(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def told(demo, tmp_path_factory):
    """A run with all forms of its results."""
    folder = tmp_path_factory.mktemp("told")
    options = options_of(
        demo.genome_fasta,
        demo.truth_gff3,
        folder,
        cds=folder / "cds.fa",
        cdna=folder / "cdna.fa.gz",
        proteins=folder / "proteins.fa",
        gtf=folder / "out.gtf",
        index=True,
    )
    merge_pieces(tell_all(options), options)
    return folder


def rows_of(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return [line for line in lines if not line.startswith("#")]


def records(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        found, name = {}, ""
        for line in lines:
            if line.startswith(">"):
                name = line[1:].split()[0]
                found[name] = ""
            else:
                found[name] += line.strip().upper()  # gffread keeps soft-masked letters
        return found


@pytest.mark.skipif(not shutil.which("gffread"), reason="gffread is not installed")
def test_sequences_are_those_that_gffread_makes_of_the_annotation(demo, told, tmp_path):
    shutil.copy(demo.genome_fasta, tmp_path / "genome.fa")
    subprocess.run(
        ["gffread", "-g", "genome.fa", "-x", "x.fa", "-w", "w.fa", told / "out.gff3"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert len(records(told / "cds.fa")) > 40
    assert records(told / "cds.fa") == records(tmp_path / "x.fa")
    assert records(told / "cdna.fa.gz") == records(tmp_path / "w.fa")


def test_the_sorted_annotation_holds_every_row_in_order(told):
    rows = [line.split("\t") for line in rows_of(told / "out.sorted.gff3.gz")]
    order = list(dict.fromkeys(row[0] for row in rows))
    keys = [(order.index(row[0]), int(row[3]), -int(row[4])) for row in rows]
    assert keys == sorted(keys)
    assert sorted("\t".join(row) for row in rows) == sorted(rows_of(told / "out.gff3"))
    seen = set()
    for row in rows:
        attributes = dict(pair.split("=", 1) for pair in row[8].strip().split(";"))
        assert attributes.get("Parent") in {None, *seen}
        seen.add(attributes["ID"])


def test_a_region_is_looked_up_by_the_index(told):
    path = told / "out.sorted.gff3.gz"
    sequence, _, _, start, end, *_ = rows_of(told / "out.gff3")[-1].split("\t")
    first, last = int(start) - 1, int(end)
    with pysam.TabixFile(str(path), index=f"{path}.csi") as tabix:
        found = list(tabix.fetch(sequence, first, last))
    wanted = [
        line.rstrip("\n")
        for line in rows_of(path)
        if (c := line.split("\t"))[0] == sequence and int(c[3]) <= last and int(c[4]) > first
    ]
    assert found == wanted
    assert found


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_gffutils_reads_the_gtf_with_its_defaults(told):
    database = gffutils.create_db(
        str(told / "out.gtf"),
        ":memory:",
        disable_infer_genes=True,
        disable_infer_transcripts=True,
    )
    assert database.count_features_of_type("transcript") == len(records(told / "cds.fa"))


def test_compressed_results_hold_the_same_and_are_known_to_a_finished_run(demo, tmp_path):
    for folder, ending in ((tmp_path / "plain", ""), (tmp_path / "packed", ".gz")):
        folder.mkdir()
        merge_told(
            demo.genome_fasta,
            demo.truth_gff3,
            folder,
            output=folder / f"out.gff3{ending}",
            gsf_output=folder / f"gsf.tsv{ending}",
            reject_output=folder / f"rejects.txt{ending}",
            keep_input=True,
        )
    for name in ("out.gff3", "gsf.tsv", "rejects.txt"):
        packed = gzip.decompress((tmp_path / "packed" / f"{name}.gz").read_bytes())
        assert packed == (tmp_path / "plain" / name).read_bytes()
    assert not (tmp_path / "packed" / "out.sorted.gff3.gz").exists()


def test_the_report_and_the_change_log_are_made_of_compressed_results(demo, tmp_path):

    for folder, ending in ((tmp_path / "plain", ""), (tmp_path / "packed", ".gz")):
        folder.mkdir()
        output = folder / f"out.gff3{ending}"
        rejects = folder / f"out.gff3.rejects.txt{ending}"
        merge_told(demo.genome_fasta, demo.truth_gff3, folder, output=output, reject_output=rejects)
        make_change_log(output, folder / "changes.tsv")
        make_report(output, folder / "report.html")
    logs = [(tmp_path / name / "changes.tsv").read_text() for name in ("plain", "packed")]
    assert logs[0] == logs[1]


def test_the_annotation_goes_to_the_standard_output(demo, tmp_path):
    arguments = [
        demo.genome_fasta,
        demo.truth_gff3,
        "-o",
        "-",
        "--model",
        "demo",
        "--device",
        "cpu",
    ]
    code = "import sys; from transgenic_dagster.cli.annotate import main as c; sys.exit(c())"
    assembly = golden_chromosome(tmp_path)
    arguments[:2] = assembly.fasta, assembly.gff
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments), "--max_length", "8", "--keep_input"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("##gff-version 3\n")
    assert "kept=truncated" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {
        *("genome.fa", "genes.gff3"),
        *("transgenic_inference.gff3.rejects.txt", "transgenic_inference.gff3.ckpt.json"),
    }


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"output": "-", "report": "r.html"}, "give --output a name"),
        ({"output": "-", "jbrowse": "browser"}, "give --output a name"),
        ({"checkpoint_path": "a.json.gz"}, "drop the .gz"),
    ],
)
def test_what_is_read_again_needs_a_file(tmp_path, more, message):
    with pytest.raises(UsageError, match=message):
        options_of(tmp_path / "a", tmp_path / "b", tmp_path, **more)


def rejects_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("filters", "reasons"),
    [
        ({"min_confidence": 0.91, "keep_input": True}, {"low_confidence"}),
        ({"longest_isoform": True}, {"shorter_isoform"}),
        ({"complete_only": True, "longest_isoform": True}, {"shorter_isoform"}),
    ],
)
def test_what_is_filtered_is_told_and_counted(demo, told, tmp_path, filters, reasons):
    accounting = merge_told(demo.genome_fasta, demo.truth_gff3, tmp_path, **filters)
    before = {r["gm_id"] for r in rejects_of(told / "out.gff3.rejects.txt")}
    lines = rejects_of(tmp_path / "out.gff3.rejects.txt")
    assert {r["reason"] for r in lines if r["gm_id"] not in before} == reasons
    assert accounting.total == len(set(genes_of(told / "out.gff3")) | before)
    unfiltered = {line for line in rows_of(told / "out.gff3") if "\tCDS\t" in line}
    made = {line for line in rows_of(tmp_path / "out.gff3") if "\ttransgenic\tCDS\t" in line}
    assert made < unfiltered
    if "min_confidence" in filters:
        assert accounting.annotated == 0
        assert accounting.kept_input == accounting.total
        assert accounting.rejected["low_confidence"] == len(genes_of(told / "out.gff3"))
    else:
        assert accounting.annotated == len(genes_of(told / "out.gff3"))
        shown = accounting.rejected_isoforms["shorter_isoform"]
        assert shown == sum(r["reason"] == "shorter_isoform" for r in lines) > 0
    make_report(tmp_path / "out.gff3", tmp_path / "report.html")  # checks the counts itself


def genes_of(path):
    return [
        line.split("GM=")[1].split(";")[0].strip() for line in rows_of(path) if "\tgene\t" in line
    ]


def names_of(path):
    return {
        line.split("GM=")[1].split(";")[0].strip(): line.split("locus_tag=")[1].split(";")[0]
        for line in rows_of(path)
        if "\tgene\t" in line and "locus_tag=" in line
    }


def test_names_are_the_same_again_and_stay_when_a_gene_is_added(demo, tmp_path):
    rows = demo.truth_gff3.read_text().splitlines(keepends=True)
    third = [i for i, line in enumerate(rows) if "\tgene\t" in line][2:4]
    (tmp_path / "fewer.gff3").write_text("".join(rows[: third[0]] + rows[third[1] :]))
    runs = {
        "before": (tmp_path / "fewer.gff3", {}),
        "again": (tmp_path / "fewer.gff3", {}),
        "more": (demo.truth_gff3, {"names_from": tmp_path / "before" / "out.gff3"}),
    }
    for name, (gff, options) in runs.items():
        folder = tmp_path / name
        folder.mkdir()
        merge_told(
            *(demo.genome_fasta, gff, folder),
            locus_prefix="ATX1",
            proteins=folder / "p.fa",
            keep_input=True,
            **options,
        )
    before, again, more = (names_of(tmp_path / name / "out.gff3") for name in runs)
    assert before == again
    assert before.items() < more.items()
    assert len(more) == len(before) + 1 == len(set(more.values()))
    row = next(line for line in rows_of(tmp_path / "more" / "out.gff3") if "\tgene\t" in line)
    assert row.rstrip("\n").endswith(
        "ID=gene:ATX1_01g000010;GM=DEMO1G00010;Name=ATX1_01g000010;locus_tag=ATX1_01g000010;"
        "Alias=DEMO1G00010"
    )
    assert next(iter(records(tmp_path / "more" / "p.fa"))) == "mRNA:ATX1_01g000010.t1"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_gffutils_takes_the_annotation_with_its_defaults(demo, told, tmp_path):
    merge_told(demo.genome_fasta, demo.truth_gff3, tmp_path, cds_ids="unique")
    database = gffutils.create_db(str(tmp_path / "out.gff3"), ":memory:")
    rows = rows_of(tmp_path / "out.gff3")
    assert database.count_features_of_type() == len(rows)
    shared = [re.sub(r"ID=CDS:([^;]*)\.[0-9]+;", r"ID=CDS:\1;", row) for row in rows]
    assert shared == rows_of(told / "out.gff3")
