"""Homes as large as labs have them."""

import os
import subprocess
import sys
import time

import dagster as dg

from tests.assemblies import write_fasta, write_genes
from tests.lab.homes import make_home
from tests.orchestration.labs import BEFORE, Lab
from transgenic_dagster.lab.memory import Memory
from transgenic_dagster.lab.pieces import Pieces, write_pieces
from transgenic_dagster.lab.workspace import HOME_VARIABLE
from transgenic_dagster.orchestration.partitions import early_parts
from transgenic_dagster.orchestration.sensor import _Tick

MOST_CPU_SECONDS = 10
"""Some forty times what it takes; with a step for every pair of scaffolds it would take more."""
MOST_OF_AN_IMPORT = 5
"""Loading takes a fifth of the time of importing Dagster itself."""
MOST_SECONDS_OF_A_TICK = 0.2


def test_ten_thousand_scaffolds_with_one_gene_are_one_piece(tmp_path):
    home = make_home(tmp_path)
    folder = home.assembly("draft")
    folder.path.mkdir()
    write_fasta(folder.path / "genome.fa", {f"s{i}": "ACGT" * 100 for i in range(10_000)})
    write_genes(folder.path / "genes.gff3", [("s1", 10, 100, "+", "ID=g")])
    began = time.process_time()
    lab = Lab(home)
    lab.run(BEFORE, "draft")
    assert time.process_time() - began < MOST_CPU_SECONDS
    assert lab.piece_keys("draft") == ["draft|unplaced-01"]


def test_definitions_load_fast_and_without_torch(tmp_path):
    home = make_home(tmp_path)
    code = (
        "import sys, time, dagster; began = time.process_time(); "
        "from transgenic_dagster.definitions import defs; "
        "defs.get_repository_def(); "
        "print(time.process_time() - began, began, {'torch', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {HOME_VARIABLE: str(home.root)},
        capture_output=True,
        text=True,
        check=True,
    )
    loading, importing_dagster, heavy = done.stdout.split(maxsplit=2)
    assert heavy == "set()\n"
    assert float(loading) < MOST_OF_AN_IMPORT * float(importing_dagster)


def test_a_tick_over_twenty_assemblies_of_five_hundred_sequences_is_short(tmp_path):
    home = make_home(tmp_path)
    lab = Lab(home)
    for name in (f"a{i}" for i in range(20)):
        folder = home.assembly(name).path
        folder.mkdir()
        write_fasta(folder / "genome.fa", {f"{name}s{i}": "ACGT" * 10 for i in range(500)})
        (folder / "genes.gff3").write_text("a0s1\tx\tgene\t1\t20\t.\t+\t.\tID=g\n")
        home.run(name).root.mkdir(parents=True)
        write_pieces(home.run(name), Pieces(tuple(f"{name}s{i}" for i in range(500)), "v"))
        lab.instance.add_dynamic_partitions("chromosome", [f"{name}s{i}" for i in range(500)])
        lab.instance.add_dynamic_partitions("assembly", [name])
        made = dg.AssetMaterialization("region_db", partition=name)
        lab.instance.report_runless_asset_event(made)
    cursor, now, took = None, time.time(), []
    for _ in range(5):
        began = time.process_time()
        cursor = _Tick(lab.instance, home, Memory.of(cursor), now).result(8, 30.0).cursor
        took.append(time.process_time() - began)
        now += 30
    assert min(took) < MOST_SECONDS_OF_A_TICK  # Python may tidy up its memory in any of them
    with early_parts():
        found = dg.evaluate_automation_conditions(lab.definitions, lab.instance)
    assert len(found.get_requested_partitions(dg.AssetKey("predictions"))) == 20 * 500
