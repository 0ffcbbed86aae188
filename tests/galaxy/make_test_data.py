"""Writes the tool's ``test-data``: ``python -m tests.galaxy.make_test_data [FOLDER]``.

The genome and its genes are those of the demo. The data-table model is the tiny recorded
checkpoint made to fit below a megabyte: half precision, position tables cut to 3,072 nt and 512
tokens, tied tensors once. Its weights are random; it shows that a model is found and read.
"""

import gzip
import json
import re
import sys
import zipfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from tests import golden
from transgenic_dagster.demo.assembly import write_assembly

TEST_DATA = Path(__file__).parents[2] / "galaxy_tool" / "test-data"
MAX_WINDOW = 3072
MAX_TOKENS = 512
SCAFFOLDS = ("scaffold_1", "scaffold_2", "scaffold_3")


def make_test_data(folder: Path) -> None:
    """Write every file of ``test-data`` but the ``.loc`` files into ``folder``, which exists."""
    assembly = write_assembly(folder)
    assembly.truth_gff3.unlink()
    genome, genes = assembly.genome_fasta.read_bytes(), assembly.genes_gff3.read_text()
    with gzip.GzipFile(folder / "genome.fa.gz", "wb", compresslevel=9, mtime=0) as handle:
        handle.write(genome)
    scaffolds = {seqid: assembly.sequences[seqid] for seqid in SCAFFOLDS}
    assembly.genome_fasta.write_text(
        "".join(f">{seqid}\n{sequence}\n" for seqid, sequence in scaffolds.items())
    )
    assembly.genome_fasta.rename(folder / "scaffolds.fa")
    rows = [line for line in genes.splitlines() if line.startswith("scaffold_")]
    _write_lines(folder / "scaffolds.gtf", [_gtf(row) for row in rows if "\tgene\t" not in row])
    _write_lines(folder / "scaffolds.bed", [_bed(row) for row in rows if "\tgene\t" in row])
    _write_lines(folder / "broken.gff3", ["##gff-version 3", "scaffold_1 demo gene 5291 6019"])
    (folder / "empty.fa").write_text("")
    with zipfile.ZipFile(folder / "no_model.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("../config.json"), "{}")
    _write_tiny_model(folder / "tiny_model")


def _gtf(row: str) -> str:
    columns = row.split("\t")
    transcript = re.search(r"(?:ID|Parent)=([^.;]+\.\d+)", columns[8])
    assert transcript is not None
    kind = {"mRNA": "transcript"}.get(columns[2], columns[2])
    gene = transcript[1].rpartition(".")[0]
    attributes = f'gene_id "{gene}"; transcript_id "{transcript[1]}";'
    return "\t".join((*columns[:2], kind, *columns[3:8], attributes))


def _bed(row: str) -> str:
    seqid, _, _, start, end, _, strand, _, attributes = row.split("\t")
    return "\t".join((seqid, str(int(start) - 1), end, attributes.removeprefix("ID="), "0", strand))


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))


def _write_tiny_model(folder: Path) -> None:
    tensors = load_file(golden.TINY_CHECKPOINT / "model.safetensors")
    for tied in (
        "transgenic.decoder_embed_tokens.weight",
        "transgenic.decoder.embed_tokens.weight",
    ):
        del tensors[tied]
    for key, tensor in tensors.items():
        if key.endswith(("pos_emb.z", "pos_emb.t")):
            tensors[key] = tensor[:, :MAX_WINDOW]
        elif key == "transgenic.EncoderOutputPositionalEmbedding.pe":
            tensors[key] = tensor[:MAX_WINDOW]
        elif key == "transgenic.decoder.embed_positions.weight":
            tensors[key] = tensor[:MAX_TOKENS]
    config = json.loads((golden.TINY_CHECKPOINT / "config.json").read_text())
    config |= {
        "max_encoder_seqlen": MAX_WINDOW,
        "max_decoder_position_embeddings": MAX_TOKENS,
        "torch_dtype": "float16",
    }
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    halves = {key: tensor.to(torch.float16).contiguous() for key, tensor in tensors.items()}
    save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    make_test_data(Path(sys.argv[1]) if len(sys.argv) > 1 else TEST_DATA)
