"""A finished run as a folder that JBrowse 2 opens, for every interface."""

import json
import logging
from pathlib import Path
from typing import Final

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.gff3 import decode
from transgenic_dagster.jbrowse.configuration import INPUT, PREDICTION, REJECTS, configuration
from transgenic_dagster.jbrowse.folder import CONFIGURATION, making_files
from transgenic_dagster.jbrowse.name_index import NameIndex
from transgenic_dagster.jbrowse.tracks import input_rows, reject_rows, write_genome, write_track
from transgenic_dagster.run.finished_run import FinishedRun
from transgenic_dagster.sequences.fasta import Genome, open_genome
from transgenic_dagster.system.output_files import read_output

_BEFORE: Final = 10_000
_SHOWN: Final = 50_000
"""Bases before the first gene, and altogether, that are shown first."""

logger = logging.getLogger(__name__)


def make_jbrowse_folder(run: Path, folder: Path) -> None:
    """Write genome, input, prediction, rejects and an index of names for JBrowse.

    Args:
        run: its annotation (``OUTPUT.gff3``) or its checkpoint file (``OUTPUT.gff3.ckpt.json``).
        folder: to make, or one that was made before.

    Raises:
        UsageError: this is not a finished run, or the folder holds other things.
        InputError: the run's files are missing, or its inputs are not there any more.
    """
    finished = FinishedRun.of(run)
    finished.check()
    results, genome_file = finished.results, finished.options.fasta_file
    names = NameIndex()
    with making_files(folder) as making, finished.sorted_input() as (source, note):
        if source is None:
            raise InputError(note)
        cache = making / "cache"
        cache.mkdir()
        with open_genome(genome_file, cache) as genome:
            write_genome(genome, making)
            location = _first_gene(results.gff3, genome)
            settings = configuration(_assembly(genome_file), list(genome.lengths), location)
        with source.path.open(encoding="utf-8", newline="\n") as lines:
            write_track(INPUT, input_rows(lines), making, names)
        with read_output(results.gff3) as lines:
            write_track(PREDICTION, lines, making, names)
        write_track(REJECTS, reject_rows(results.rejects), making, None)
        names.write(making)
        text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
        (making / CONFIGURATION).write_text(text, encoding="utf-8")
    logger.info("wrote the folder for JBrowse %s", folder)


def _first_gene(gff3: Path, genome: Genome) -> str:
    """Return the surroundings of the first gene, or the beginning of the first sequence."""
    lengths = genome.lengths
    seqid, gene_start = next(name for name, length in lengths.items() if length), 0
    with read_output(gff3) as lines:
        for line in lines:
            if not line.startswith("#") and (name := decode(line.partition("\t")[0])) in lengths:
                seqid, gene_start = name, int(line.split("\t", 4)[3]) - 1
                break
    start = max(0, min(gene_start - _BEFORE, lengths[seqid] - _SHOWN))
    return f"{seqid}:{start + 1}..{min(start + _SHOWN, lengths[seqid])}"


def _assembly(genome: Path) -> str:
    """Return the name of the genome's file without its ending."""
    return genome.name.removesuffix(".gz").rpartition(".")[0] or genome.name
