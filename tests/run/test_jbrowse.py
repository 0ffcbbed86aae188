"""The folder for JBrowse: all in it is read as JBrowse does, and nothing else is touched."""

import gzip
import json

import pysam
import pytest

from tests.assemblies import golden_contigs, write_fasta, write_genes
from tests.jbrowse.trix_reader import look_up
from tests.run.test_annotate import run
from tests.run.told_runs import merge_told
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.run.jbrowse import make_jbrowse_folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return write_assembly(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def told(demo, tmp_path_factory):
    """A finished run with the demo's own genes, and its folder for JBrowse."""
    folder = tmp_path_factory.mktemp("told")
    merge_told(demo.genome_fasta, demo.genes_gff3, folder, min_confidence=0.0)
    make_jbrowse_folder(folder / "out.gff3", folder / "browser")
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def uris(values):
    if isinstance(values, dict):
        if "uri" in values:
            yield values["uri"]
        values = list(values.values())
    if isinstance(values, list):
        for value in values:
            yield from uris(value)


def config(folder):
    return json.loads((folder / "config.json").read_text())


def genes_of(gff3):
    with gzip.open(gff3, "rt") if gff3.suffix == ".gz" else gff3.open() as lines:
        return [line.rstrip("\n").split("\t") for line in lines if "\tgene\t" in line]


def fetch(folder, track, seqid, start, end):
    path = folder / f"{track}.gff3.gz"
    with pysam.TabixFile(str(path), index=f"{path}.csi") as rows:
        return list(rows.fetch(seqid, start, end))


def test_every_file_is_named_relative_to_the_configuration_and_there(told):
    named = set(uris(config(told / "browser")))
    made = {path.name for path in (told / "browser").iterdir()}
    assert made == named | {"config.json", "transgenic.json"}
    assert not any("/" in name for name in named)


def test_the_session_shows_all_tracks_around_the_first_gene(told, demo):
    values = config(told / "browser")
    view = values["defaultSession"]["views"][0]["init"]
    assert view["assembly"] == values["assemblies"][0]["name"] == "genome"
    assert view["tracks"] == [track["trackId"] for track in values["tracks"]]
    seqid, _, span = view["loc"].partition(":")
    start, end = map(int, span.split(".."))
    first = genes_of(told / "out.gff3")[0]
    assert seqid == first[0]
    assert 1 <= start <= int(first[3]) < end <= len(demo.sequences[seqid])


def test_the_genome_is_read_by_region(told, demo):
    with pysam.FastaFile(str(told / "browser" / "genome.fa.gz")) as genome:
        assert list(genome.references) == list(demo.sequences)
        for seqid, sequence in demo.sequences.items():
            assert genome.fetch(seqid).upper() == sequence.upper()
            assert genome.fetch(seqid, 75, 165).upper() == sequence[75:165].upper()


def test_genes_of_input_and_prediction_are_looked_up_by_place(told):
    for track, source in (("prediction", "out.gff3"), ("input", "out.gff3.work/sorted.gff3")):
        genes = genes_of(told / source)
        assert len(genes) > 40
        for gene in genes:
            rows = fetch(told / "browser", track, gene[0], int(gene[3]) - 1, int(gene[4]))
            assert "\t".join(gene) in rows


def test_every_reject_is_shown_with_its_reason(told):
    lines = (told / "out.gff3.rejects.txt").read_text().splitlines()
    rejects = [r for r in map(json.loads, lines) if r["chrom"] and r["gene_start"] is not None]
    assert rejects
    for reject in rejects:
        seqid, start, end = reject["chrom"], reject["gene_start"], reject["gene_end"]
        rows = [row.split("\t") for row in fetch(told / "browser", "rejects", seqid, start, end)]
        here = [row[8] for row in rows if (int(row[3]), int(row[4])) == (start + 1, end)]
        assert any(
            f"Name={reject['gm_id']};" in text and f";reason={reject['reason']}" in text
            for text in here
        )


def test_every_gene_is_found_by_name_in_its_tracks(told):
    for gene in genes_of(told / "out.gff3"):
        name = gene[8].split("GM=")[1].split(";")[0]
        found = look_up(told / "browser", name)
        here = [f"{gene[0]}:{gene[3]}..{gene[4]}", "prediction", name, f"gene:{name}"]
        assert here in found
        assert {record[1] for record in found} == {"input", "prediction"}


def test_the_same_run_gives_the_same_folder_again(told):
    before = contents(told / "browser")
    (told / "browser" / ".making").mkdir()  # left by a killed process
    (told / "browser" / "input.gff3.gz").write_text("damaged")
    make_jbrowse_folder(told / "out.gff3", told / "browser")
    make_jbrowse_folder(told / "out.gff3", told / "again")
    assert contents(told / "browser") == contents(told / "again") == before


def test_a_folder_with_other_things_is_not_touched(told, tmp_path):
    (tmp_path / "config.json").write_text("mine")
    with pytest.raises(UsageError, match=r"it holds config\.json, but no transgenic\.json"):
        make_jbrowse_folder(told / "out.gff3", tmp_path)
    assert contents(tmp_path) == {"config.json": b"mine"}


def test_a_folder_that_a_killed_process_had_just_begun_is_taken(told, tmp_path):
    (tmp_path / ".lock").touch()
    (tmp_path / ".transgenic.json.1@host.0a0a.partial").touch()
    make_jbrowse_folder(told / "out.gff3", tmp_path)
    assert "config.json" in contents(tmp_path)


def test_an_annotation_without_rows_and_names_that_gff3_encodes_are_shown(tmp_path):
    write_fasta(tmp_path / "genome.fa", {"empty": "", "chr,1": "ACGTTGCA" * 500})
    write_genes(tmp_path / "genes.gff3", [("chr%2C1", 1000, 1900, "+", "ID=g")])
    merge_told(tmp_path / "genome.fa", tmp_path / "genes.gff3", tmp_path)
    make_jbrowse_folder(tmp_path / "out.gff3", tmp_path / "browser")
    values = config(tmp_path / "browser")
    (alias,) = values["assemblies"][0]["refNameAliases"]["adapter"]["features"]
    assert (alias["refName"], alias["aliases"]) == ("chr,1", ["chr%2C1"])
    assert values["defaultSession"]["views"][0]["init"]["loc"] == "chr,1:1..4000"
    assert fetch(tmp_path / "browser", "input", "chr%2C1", 999, 1900)
    assert fetch(tmp_path / "browser", "rejects", "chr%2C1", 999, 1900)
    assert not genes_of(tmp_path / "browser" / "prediction.gff3.gz")
    genome = gzip.decompress((tmp_path / "browser" / "genome.fa.gz").read_bytes())
    assert genome.startswith(b">chr,1\nACGT")


def test_without_the_input_there_is_no_folder(tmp_path):
    assembly = golden_contigs(tmp_path)
    merge_told(assembly.fasta, assembly.gff, tmp_path)
    (tmp_path / "out.gff3.work" / "sorted.json").unlink()
    assembly.gff.unlink()
    with pytest.raises(InputError, match="is not there any more"):
        make_jbrowse_folder(tmp_path / "out.gff3", tmp_path / "browser")
    assert not (tmp_path / "browser" / "config.json").exists()


def test_a_finished_run_gets_its_folder_on_resume(tmp_path):
    assembly = golden_contigs(tmp_path)
    run(assembly, tmp_path, jbrowse=tmp_path / "with")
    run(assembly, tmp_path, resume=True, jbrowse=tmp_path / "after")
    assert contents(tmp_path / "with") == contents(tmp_path / "after")
    assert "config.json" in contents(tmp_path / "with")


@pytest.mark.parametrize(
    ("jbrowse", "more", "message"),
    [
        (".", {}, "is for nothing else"),
        ("out.gff3", {}, "is for nothing else"),
        ("out.gff3.work/browser", {}, "lies in the run's own folder"),
        ("browser", {"work_folder": "browser/run"}, "is for nothing else"),
        ("genome.fa", {}, "is not a folder"),
        ("no/browser", {}, "does not exist; create it"),
        ("/proc/browser", {}, "cannot be written"),
        ("mine", {}, r"it holds notes\.txt"),
    ],
)
def test_a_folder_for_something_else_is_refused_before_any_work(tmp_path, jbrowse, more, message):
    assembly = golden_contigs(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    paths = {name: tmp_path / path for name, path in more.items()}
    with pytest.raises(UsageError, match=message):
        run(assembly, tmp_path, jbrowse=tmp_path / jbrowse, **paths)
    assert not (tmp_path / "out.gff3").exists()
    assert not (tmp_path / "out.gff3.work").exists()
