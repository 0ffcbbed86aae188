from pathlib import Path

import pytest

from transgenic_dagster.errors import InputError, RunError
from transgenic_dagster.input_genes.gene import Gene, SkippedInput
from transgenic_dagster.regions import region_db
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb, build_region_db
from transgenic_dagster.sequences.fasta import open_genome

SEQUENCES = {"chr2": "acgtnRYK" * 2000, "chr1": "TTGGCCAA" * 200, "s1": "ACGTA", "s2": "GGGGG"}
GENES = [
    Gene("a 'quoted' \"id\"; é", "chr1", 0, 100, "+", 3),
    Gene("b", "chr2", 9000, 9100, "-", 4),
    Gene("gone", "chr3", 0, 10, "+", 5),
    Gene("c", "s2", 1, 3, ".", 6),
]
BROKEN = [
    SkippedInput("bad_row", "genes.gff3, line 1: the row is broken.", 1),
    SkippedInput("bad_row", "genes.gff3, line 2: the row is broken.", 2, is_gene=False),
]
RUN_INFO = {"version": "1", "fasta": "genome's.fa"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    fasta = tmp_path / "genome.fa"
    fasta.write_text("".join(f">{seqid}\n{sequence}\n" for seqid, sequence in SEQUENCES.items()))
    with open_genome(fasta, tmp_path) as genome:
        build_region_db(tmp_path / "regions.db", genome, GENES, BROKEN, run_info=RUN_INFO)
    fasta.unlink()
    return tmp_path / "regions.db"


def test_regions_come_back_as_they_were_planned(path: Path) -> None:
    with RegionDb(path) as database:
        assert database.regions() == [
            Region(0, "a 'quoted' \"id\"; é", "chr1", 0, 100, "+", 0, 1600),
            Region(1, "b", "chr2", 9000, 9100, "-", 5978, 12_122),
            Region(2, "c", "s2", 1, 3, ".", 0, 5),
        ]


def test_sequences_are_normalised_windows(path: Path) -> None:
    with RegionDb(path) as database:
        assert database.sequence(0) == SEQUENCES["chr1"]
        assert database.sequences([2, 1]) == {
            2: "GGGGG",
            1: ("ACGTNNNN" * 2000)[5978:12_122],
        }
        assert list(database.sequences([2, 1])) == [2, 1]
        with pytest.raises(KeyError):
            database.sequence(3)


def test_every_skipped_input_is_kept_with_its_reason(path: Path) -> None:
    with RegionDb(path) as database:
        *broken, gone = database.skipped()
    assert broken == BROKEN
    assert (gone.reason, gone.gene_id, gone.line) == ("unknown_sequence", "gone", 5)


def test_gene_count_adds_regions_and_skipped_genes_but_not_broken_exons(path: Path) -> None:
    with RegionDb(path) as database:
        assert database.input_gene_count() == len(GENES) + 1


def test_sequences_of_the_genome_come_in_natural_order(path: Path) -> None:
    with RegionDb(path) as database:
        assert list(database.sequence_lengths().items()) == [
            ("chr1", 1600),
            ("chr2", 16_000),
            ("s1", 5),
            ("s2", 5),
        ]


def test_pieces_split_the_regions(path: Path) -> None:
    with RegionDb(path) as database:
        assert database.pieces() == ["chr1", "chr2", "unplaced-01"]
        ids = [[r.region_id for r in database.regions(piece)] for piece in database.pieces()]
        assert ids == [[0], [1], [2]]
        assert database.regions("nothing") == []


def test_run_info_is_kept(path: Path) -> None:
    with RegionDb(path) as database:
        assert database.run_info() == RUN_INFO


def test_only_the_database_itself_is_left(path: Path) -> None:
    assert {file.name for file in path.parent.iterdir()} == {"regions.db", "genome.fa.fai"}


def test_regions_are_written_in_batches(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region_db, "_BASES_PER_BATCH", 4000)
    again = path.parent / "again.db"
    fasta = path.parent / "genome.fa"
    fasta.write_text("".join(f">{seqid}\n{sequence}\n" for seqid, sequence in SEQUENCES.items()))
    with open_genome(fasta, path.parent) as genome:
        build_region_db(again, genome, GENES, BROKEN, run_info=RUN_INFO)
    with RegionDb(path) as one, RegionDb(again) as other:
        assert one.regions() == other.regions()
        assert one.sequences(range(3)) == other.sequences(range(3))


def test_a_build_that_fails_leaves_no_database(tmp_path: Path) -> None:
    fasta = tmp_path / "genome.fa"
    fasta.write_text(">chr1\nACGT\n")
    target = tmp_path / "regions.db"
    with open_genome(fasta, tmp_path) as genome, pytest.raises(InputError):
        build_region_db(target, genome, [], [], run_info={})
    assert not target.exists()


def test_a_build_replaces_what_an_interrupted_one_left(tmp_path: Path) -> None:
    fasta = tmp_path / "genome.fa"
    fasta.write_text(">chr1\nACGTACGT\n")
    (tmp_path / ".regions.db.partial").write_bytes(b"torn")
    with open_genome(fasta, tmp_path) as genome:
        for _ in range(2):
            build_region_db(
                tmp_path / "regions.db", genome, [Gene("g", "chr1", 1, 4, "+", 1)], [], run_info={}
            )
    with RegionDb(tmp_path / "regions.db") as database:
        assert database.input_gene_count() == 1


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("nothing of the kind " * 500)
    for name in ("x.db", "missing.db"):
        with pytest.raises(RunError, match="is not a region database"):
            RegionDb(tmp_path / name)
