"""The example that gffcompare publishes with its results, and gffcompare itself where installed."""

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.bench_evaluate import write_pair
from tests.evaluation.annotations import evaluated, percentages, transcript
from transgenic_dagster.evaluation.evaluate import evaluate_files

LEVELS = ("base", "exon", "intron", "intron chain", "transcript", "locus")

# gffcompare 0.11.6, examples/: four human genes and four assembled transcripts.
MGAM = (
    "411-495,1995-2051,2602-2726,9665-9753,12115-12164,12577-12744,14174-14326,14664-14864,"
    "16634-16788,17438-17606,17880-17976,18710-18822,20083-20208,21352-21480,21736-21846,"
    "22191-22253,24448-24582,25379-25466,26264-26402,27215-27348,56500-56534,56627-56743,"
    "57445-57593,58211-58295,59473-59529,61493-61617,62682-62770,64510-64559,65149-65319,"
    "67694-68627"
)
EXAMPLE_REFERENCE = (
    transcript("rna157470", MGAM),
    transcript(
        "rna157473",
        "214038-214270,214372-214511,216955-217211,217435-217573,219568-219648,219891-219958",
        "-",
    ),
    transcript("rna157497", "962573-962821,963419-963937"),
    transcript("rna157474", "230181-231784,233047-233200,233852-234148", "-"),
)
EXAMPLE_PREDICTION = (
    transcript("STRG.1.1", "403-495,1995-2726,9665-10275"),
    transcript(
        "STRG.3.1",
        "214032-214270,214372-214511,216955-217211,217435-217573,219568-219648,219891-219967",
        "-",
    ),
    transcript("STRG.4.2", "230172-231784,233047-233179", "-"),
    transcript("STRG.6.2", "962573-962829,963419-963937"),
)


def test_the_published_example_has_its_published_figures(tmp_path):
    found = evaluated(tmp_path, EXAMPLE_PREDICTION, EXAMPLE_REFERENCE)
    measures = found.exons
    assert [percentages(measures, level) for level in LEVELS] == [
        *((47.6, 77.3), (22.0, 69.2), (21.6, 88.9), (25.0, 25.0), (25.0, 25.0), (25.0, 25.0))
    ]
    exons, introns, loci = measures.unmatched
    assert (exons.missed, exons.reference_total, exons.novel, exons.predicted_total) == (
        27,
        41,
        0,
        13,
    )
    assert (introns.missed, introns.reference_total) == (28, 37)
    assert (introns.novel, introns.predicted_total) == (0, 9)
    assert (loci.missed, loci.reference_total, loci.novel, loci.predicted_total) == (0, 4, 0, 4)
    assert {
        one.transcript_id: (one.code, one.reference_transcript) for one in found.transcripts
    } == {
        "STRG.1.1": ("m", "rna157470"),
        "STRG.3.1": ("=", "rna157473"),
        "STRG.4.2": ("c", "rna157474"),
        "STRG.6.2": ("j", "rna157497"),
    }


def gffcompare(folder: Path, predicted: Path, reference: Path):
    """Run gffcompare; return its printed figures and its class codes by transcript."""
    command = ["gffcompare", "-r", str(reference), "-o", "gff", str(predicted)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    stats = (folder / "gff.stats").read_text()
    levels = re.findall(r"^ *(.*) level: +(\S+) +\| +(\S+)", stats, re.MULTILINE)
    (table,) = predicted.parent.glob("gff.*.tmap")
    rows = [line.split("\t") for line in table.read_text().splitlines()[1:]]
    return {name.lower(): figures for name, *figures in levels}, {row[4]: row[2] for row in rows}


def shifted(text: str, draw: random.Random) -> str:
    """GFF3 in which every transcript's rows are moved together by up to 60 nt."""
    moves: dict[str, int] = {}
    lines = []
    for line in text.splitlines():
        columns = line.split("\t")
        name = re.search(r"(?:Parent|ID)=(\w+)", columns[8])[1]
        move = moves.setdefault(name, draw.choice([0, 0, 0, draw.randrange(-60, 60)]))
        columns[3:5] = [str(int(end) + move) for end in columns[3:5]]
        lines.append("\t".join(columns))
    return "\n".join(lines) + "\n"


@pytest.mark.skipif(shutil.which("gffcompare") is None, reason="gffcompare is not installed")
@pytest.mark.parametrize("seed", range(5))
def test_gffcompare_prints_the_same(tmp_path, seed):
    predicted, reference = write_pair(tmp_path, 400, seed)
    predicted.write_text(shifted(predicted.read_text(), random.Random(seed)))
    figures, codes = gffcompare(tmp_path, predicted, reference)
    found = evaluate_files(predicted, reference)
    ours = {
        level.name: [f"{level.sensitivity:.1f}", f"{level.precision:.1f}"]
        for level in found.exons.levels
    }
    assert ours == figures
    assert {one.transcript_id: one.code for one in found.transcripts} == codes
