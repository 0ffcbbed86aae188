"""Outside measures: what the programs write is read, and what is missing is one sentence.

With TRANSGENIC_PSAURON and TRANSGENIC_BUSCO set to installed programs, those are run for real.
"""

import json
import os
import random
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.report.made_run import write_run
from tests.report.page_reader import Page
from transgenic_dagster.errors import MissingOnMachineError, RunError
from transgenic_dagster.gene_models.gene_model import CdsPart, TranscriptStructure
from transgenic_dagster.gene_models.qc import assess
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.quality import busco, omark, psauron
from transgenic_dagster.report.gene_blocks import input_genes
from transgenic_dagster.report.proteins import write_proteins
from transgenic_dagster.report.structure import length_of
from transgenic_dagster.run.report import make_report
from transgenic_dagster.sequences.fasta import open_genome

VARIABLES = ("PSAURON", "BUSCO", "BUSCO_LINEAGE", "OMARK", "OMAMER", "OMAMER_DB")

PSAURON_TABLE = """psauron -p -i a.fa -o b.csv
psauron score: 66.7
description,psauron_is_protein,in-frame_score
t1,True,0.9
t2,True,0.8
t3,False,0.1
"""
OMARK_SUMMARY = """#The selected clade was Brassicaceae
#Number of conserved HOGs is: 10
#Results on conserved HOGs is:
#S:Single:S, D:Duplicated[U:Unexpected,E:Expected],M:Missing
S:6,D:3[U:1,E:2],M:1
S:60.00%,D:30.00%[U:10.00%,E:20.00%],M:10.00%
#On the whole proteome, there are 20 proteins
#Of which:
#A:Consistent (taxonomically)[P:Partial hits,F:Fragmented], I: Inconsistent, U: Unknown
A:14[P:1,F:2],I:2[P:0,F:0],C:1[P:0,F:0],U:3
A:70.00%[P:5.00%,F:10.00%],I:10.00%[P:0.00%,F:0.00%],C:5.00%[P:0.00%,F:0.00%],U:15.00%
"""


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch, tmp_path):
    for variable in VARIABLES:
        monkeypatch.delenv(f"TRANSGENIC_{variable}", raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")


@pytest.fixture
def install(tmp_path):
    """Install a program that a shell script fakes."""

    def write(name, script):
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\nset -e\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


def proteins(folder):
    path = folder / "proteins.fa"
    path.write_text(">t1\nMA\n")
    return path


def test_psaurons_table_is_read(install, tmp_path):
    install("psauron", f"test $1 = -p; cat > $5 <<'END'\n{PSAURON_TABLE}END")
    found = list(psauron.measure(proteins(tmp_path), tmp_path).values())
    assert found == [3, pytest.approx(200 / 3), pytest.approx(60.0)]


def test_buscos_result_is_read(install, tmp_path, monkeypatch):
    stats = {"single-copy": 70, "duplicated": 10, "fragmented": 5, "missing": 15, "total": 100}
    install("buscolite", f"echo '{json.dumps({'stats': stats})}' > $4.buscolite.json")
    monkeypatch.setenv("TRANSGENIC_BUSCO_LINEAGE", str(tmp_path))
    found = list(busco.measure(proteins(tmp_path), tmp_path).values())
    assert found == [100, 70.0, 10.0, 5.0, 15.0]


def test_omarks_summary_is_read(install, tmp_path, monkeypatch):
    install("omamer", 'test "$1 $2 $4" = "search --db --query"; touch $7')
    install("omark", f"mkdir $6; cat > $6/proteins.sum <<'END'\n{OMARK_SUMMARY}END")
    monkeypatch.setenv("TRANSGENIC_OMAMER_DB", str(tmp_path))
    found = list(omark.measure(proteins(tmp_path), tmp_path).values())
    assert found == [10, 60.0, 30.0, 10.0, 70.0, 10.0, 5.0, 15.0]


@pytest.mark.parametrize("program", [psauron, busco, omark])
def test_a_missing_program_says_how_to_install_it(program, tmp_path):
    with pytest.raises(
        MissingOnMachineError, match=r"on the PATH; install it .* or set TRANSGENIC"
    ):
        program.measure(proteins(tmp_path), tmp_path)


def test_missing_data_is_named(install, tmp_path, monkeypatch):
    install("buscolite", "exit 0")
    with pytest.raises(MissingOnMachineError, match="TRANSGENIC_BUSCO_LINEAGE is not set"):
        busco.measure(proteins(tmp_path), tmp_path)
    monkeypatch.setenv("TRANSGENIC_BUSCO_LINEAGE", "/nowhere")
    with pytest.raises(MissingOnMachineError, match="names /nowhere, which does not exist"):
        busco.measure(proteins(tmp_path), tmp_path)


def test_a_program_that_fails_is_quoted(install, tmp_path):
    install("psauron", "echo started; echo 'out of luck' >&2; exit 3")
    with pytest.raises(RunError, match="psauron ended with exit code 3: out of luck"):
        psauron.measure(proteins(tmp_path), tmp_path)


@pytest.mark.parametrize("text", ["", "description,psauron_is_protein,in-frame_score\n", "a\nb\n"])
def test_a_table_that_is_none_is_refused(install, tmp_path, text):
    install("psauron", f"printf '{text}' > $5".replace("\n", "\\n"))
    with pytest.raises(RunError, match="cannot be read"):
        psauron.measure(proteins(tmp_path), tmp_path)


def test_programs_do_not_see_our_python_environment(install, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/ours")
    install("psauron", f'test -z "$PYTHONPATH"; cat > $5 <<"END"\n{PSAURON_TABLE}END')
    assert psauron.measure(proteins(tmp_path), tmp_path)


def test_a_program_may_be_named_from_the_present_folder(install, tmp_path, monkeypatch):
    install("psauron", f"cat > $5 <<'END'\n{PSAURON_TABLE}END").rename(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRANSGENIC_PSAURON", "./mine")
    (tmp_path / "scratch").mkdir()
    assert psauron.measure(proteins(tmp_path), tmp_path / "scratch")


def test_the_report_shows_what_was_measured_and_one_sentence_for_what_is_missing(install, tmp_path):
    install("psauron", f"cat > $5 <<'END'\n{PSAURON_TABLE}END")
    gff3 = write_run(tmp_path)
    page = Page(make_report(gff3, quality=["psauron", "busco"]))
    header, *rows = page.tables["outside-measures"]
    assert header == ["Measure", "Predicted", "Input"]
    assert [row[1:] for row in rows] == [["3", "3"], ["66.7", "66.7"], ["60.0", "60.0"]]
    sentences = [text for text in page.text if "buscolite" in text]
    assert len(sentences) == 1
    assert "pip install buscolite" in sentences[0]


REAL = os.environ.get("TRANSGENIC_PSAURON")
SLICE = Path(__file__).resolve().parents[3] / "shared" / "data" / "tair10_7x100k"
ORGANELLES = ("ChrC", "ChrM")
"""Their open reading frames are mostly hypothetical, and PSAURON knows nuclear genes."""


def proteins_of_the_slice(folder):
    """Proteins of TAIR10's nuclear genes, and what their coding DNA codes for when shuffled."""
    draw = random.Random(1)
    gff = folder / "sorted.gff3"
    sort_annotation(SLICE / "genes.gff3", gff)
    shutil.copy(SLICE / "genome.fa", folder / "genome.fa")
    real, shuffled = folder / "real.fa", folder / "shuffled.fa"
    with open_genome(folder / "genome.fa", folder) as genome:
        genes = [one for one in input_genes(gff, ("gene",)) if one.seqid not in ORGANELLES]
        write_proteins(genes, genome, real, folder / "longest.fa")
        with shuffled.open("w") as handle:
            for number, gene in enumerate(genes):
                for transcript in gene.coding:
                    parts = [genome.fetch(gene.seqid, p.start, p.end) for p in transcript.cds]
                    dna = "".join(draw.sample("".join(parts), length_of(transcript.cds)))
                    whole = TranscriptStructure("+", (CdsPart(0, len(dna), 0),))
                    handle.write(f">s{number}\n{assess(whole, dna.upper(), 0).protein}\n")
    return real, shuffled


@pytest.mark.skipif(
    not REAL,
    reason="TRANSGENIC_PSAURON does not name a psauron (see CONTRIBUTING.md)",
)
@pytest.mark.skipif(not SLICE.is_dir(), reason="the TAIR10 slice is not at hand")
def test_psauron_itself_tells_proteins_from_shuffled_dna(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSGENIC_PSAURON", str(REAL))
    real, shuffled = proteins_of_the_slice(tmp_path)
    good = psauron.measure(real, tmp_path)
    bad = psauron.measure(shuffled, tmp_path)
    name = next(name for name in good if name.startswith("PSAURON score"))
    assert good[name] > 95
    assert bad[name] < 60


REAL_BUSCO = os.environ.get("TRANSGENIC_BUSCO")
MAKE_LINEAGE = """
import sys
from pathlib import Path
from pyhmmer import easel, plan7
lineage, proteins = Path(sys.argv[1]), [line.split() for line in sys.argv[2:]]
for folder in ("hmms", "prfl"):
    (lineage / folder).mkdir(parents=True)
amino = easel.Alphabet.amino()
builder, background = plan7.Builder(amino), plan7.Background(amino)
for name, protein in proteins:
    sequence = easel.TextSequence(name=name.encode(), sequence=protein).digitize(amino)
    with (lineage / "hmms" / f"{name}.hmm").open("wb") as handle:
        builder.build(sequence, background)[0].write(handle)
for file, line in {
    "scores_cutoff": "{0}\\t50\\n",
    "lengths_cutoff": "{0}\\t0\\t10\\t{2}\\n",
    "ancestral": ">{0}\\n{1}\\n",
    "ancestral_variants": ">{0}\\n{1}\\n",
}.items():
    text = "".join(line.format(name, protein, len(protein)) for name, protein in proteins)
    (lineage / file).write_text(text)
facts = {
    "name": "made_up_odb10",
    "species": "none",
    "creation_date": "2026-01-01",
    "number_of_BUSCOs": len(proteins),
    "number_of_species": 1,
}
(lineage / "dataset.cfg").write_text("".join(f"{key}={one}\\n" for key, one in facts.items()))
"""


@pytest.mark.skipif(
    not REAL_BUSCO,
    reason="TRANSGENIC_BUSCO does not name a buscolite (see CONTRIBUTING.md)",
)
def test_buscolite_itself_finds_the_genes_of_a_lineage(tmp_path, monkeypatch):
    draw = random.Random(1)
    proteins = ["M" + "".join(draw.choices("ACDEFGHIKLMNPQRSTVWY", k=150)) for _ in range(3)]
    lineage = tmp_path / "lineage"
    lines = [f"gene{number} {protein}" for number, protein in enumerate(proteins)]
    python = Path(str(REAL_BUSCO)).with_name("python")
    subprocess.run([python, "-c", MAKE_LINEAGE, lineage, *lines], check=True)
    monkeypatch.setenv("TRANSGENIC_BUSCO", str(REAL_BUSCO))
    monkeypatch.setenv("TRANSGENIC_BUSCO_LINEAGE", str(lineage))
    found_there = tmp_path / "found.fa"
    chosen = (proteins[0], proteins[1], proteins[1])
    found_there.write_text("".join(f">p{n}\n{one}\n" for n, one in enumerate(chosen)))
    third = pytest.approx(100 / 3)
    assert list(busco.measure(found_there, tmp_path).values()) == [3, third, third, 0, third]
