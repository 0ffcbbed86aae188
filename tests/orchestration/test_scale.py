"""Homes as large as labs have them."""

import os
import subprocess
import sys
import time

from tests.assemblies import write_fasta, write_genes
from tests.lab.homes import make_home, registered
from tests.orchestration.labs import Lab
from transgenic_dagster.lab.registry import Entry, read_registry, write_registry
from transgenic_dagster.lab.workspace import HOME_VARIABLE

MOST_CPU_SECONDS = 10
"""Some forty times what it takes; with a step for every pair of scaffolds it would take more."""
MOST_OF_AN_IMPORT = 5
"""Loading takes a fifth of the time of importing Dagster itself."""


def test_ten_thousand_scaffolds_are_a_hundred_pieces(tmp_path):
    home = make_home(tmp_path)
    folder = home.assembly("draft")
    folder.path.mkdir()
    write_fasta(folder.path / "genome.fa", {f"s{i}": "ACGT" * 100 for i in range(10_000)})
    write_genes(folder.path / "genes.gff3", [("s1", 10, 100, "+", "ID=g")])
    began = time.process_time()
    registered(home, "draft")
    lab = Lab(home)
    assert time.process_time() - began < MOST_CPU_SECONDS
    assert len(lab.piece_keys("draft")) == 100
    assert lab.piece_keys("draft")[0] == "draft|unplaced-001"


def test_twenty_assemblies_of_five_hundred_sequences_load_fast_and_without_torch(tmp_path):
    home = make_home(tmp_path)
    pieces = tuple(f"chr{i}" for i in range(500))
    write_registry(home.registry_file, {f"a{i}": Entry(pieces) for i in range(20)})
    assert len(read_registry(home)) == 20
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
