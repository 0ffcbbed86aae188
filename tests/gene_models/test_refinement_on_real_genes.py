"""What refinement makes of the model output that the authors of TransGenic show, and of TAIR10."""

from pathlib import Path

import pytest

from benchmarks import bench_refinement

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TAIR10 = DATA / "tair10_7x100k"
EXAMPLE = DATA / "transgenic_example" / "ath_chr4_predict.gff"

pytestmark = pytest.mark.skipif(not EXAMPLE.is_file(), reason="the third-party data are not here")


def measure(*options: str) -> dict[str, float]:
    return bench_refinement.main([str(TAIR10 / "genome.fa"), str(TAIR10 / "genes.gff3"), *options])


def test_the_published_example_gets_intact_and_exact(capsys):
    figures = measure("--predicted", str(EXAMPLE))
    with capsys.disabled():
        print(f"\nthe published example: {figures}")
    assert figures["transcripts"] == 20
    assert figures["exact before"] == 0
    assert figures["exact after"] >= 10
    assert figures["intact after"] >= 17
    assert figures["canonical unchanged"] == figures["canonical"] == 135


@pytest.mark.parametrize(("options", "share"), [((), 0.92), (("--digits",), 0.95)])
def test_shifted_boundaries_come_back(options, share):
    figures = measure("--seed", "3", *options)
    assert figures["exact before"] < 0.3 * figures["transcripts"]
    assert figures["exact after"] >= share * figures["transcripts"]
