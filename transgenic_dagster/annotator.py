"""Python interface: a model that is loaded once and annotates DNA, for notebooks and scripts.

Results stay in memory; for whole genomes use ``transgenic-annotate``, which journals, resumes and
fills a GPU. Coordinates are 0-based half-open.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch

from transgenic_dagster.errors import InputError
from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gene_models.gene_model import GeneModel
from transgenic_dagster.gene_models.refined_gene import refined_gene_from_sentence
from transgenic_dagster.gene_models.refinement import MAX_DISTANCE
from transgenic_dagster.gene_models.rejects import Reject
from transgenic_dagster.gene_models.transcript_table import transcript_table
from transgenic_dagster.inference.batching import plan_units
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.device import choose_devices, choose_precision
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.input_genes.gene import Gene
from transgenic_dagster.input_genes.gene_list import GeneList, read_genes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.model import encode_dna, read_config, resolve_checkpoint
from transgenic_dagster.options import DEFAULT_MODEL
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_plan import plan_regions
from transgenic_dagster.regions.windows import window_cap
from transgenic_dagster.sequences.dna import normalise
from transgenic_dagster.sequences.fasta import open_genome

GeneCoordinates = Iterable[tuple[str, int, int]]


class GeneModels(list[GeneModel]):
    """Gene models in region order; ``rejects`` has what has no model, each with its reason."""

    def __init__(self) -> None:
        super().__init__()
        self.rejects: list[Reject] = []


class Annotator:
    """A loaded model (``engine``) and how its output is searched (``decoding``)."""

    table = staticmethod(transcript_table)

    def __init__(self, engine: Engine, decoding: DecodingOptions, *, refine: bool = True) -> None:
        self.engine = engine
        self.decoding = decoding
        self.refine = refine
        self.max_window = window_cap(engine.model.config.max_encoder_seqlen)

    @classmethod
    def load(
        cls,
        model: str = DEFAULT_MODEL,
        *,
        device: str | None = None,
        precision: str = "auto",
        num_beams: int = 2,
        refine: bool = True,
    ) -> "Annotator":
        """Load a model; the arguments are those of the options of ``transgenic-annotate``.

        Args:
            model: ``demo``, a folder, or a hub name.
            device: ``cpu``, ``cuda`` or ``cuda:N``; the GPU where there is one by default.
            precision: ``auto``, ``fp32``, ``fp16`` or ``bf16``.
            num_beams: gene structures followed at once.
            refine: fit gene models to the DNA (``docs/design.md``, Refinement).

        Raises:
            MissingOnMachineError: the model or the device is not there.
            CheckpointError: the checkpoint does not fit.
        """
        where = choose_devices(device)[0]
        files = resolve_checkpoint(model)
        engine = Engine.load(files, where, choose_precision(precision, where, read_config(files)))
        longest = engine.model.config.max_decoder_position_embeddings
        decoding = DecodingOptions(num_beams=num_beams, max_length=longest)
        return cls(engine, decoding, refine=refine)

    def annotate_sequence(self, dna: str, name: str = "sequence") -> GeneModels:
        """Annotate one sequence, read as one window; nothing is trimmed or added.

        Args:
            dna: forward strand, the gene with the DNA around it (models were trained on multiples
                of 6,144 nt with the gene in the middle); letters outside ACGT count as N.
            name: seqid and gene identifier of the result; coordinates count from its first base.

        Raises:
            InputError: the sequence is longer than the model's window, or too short for it.
        """
        if len(dna) > self.max_window:
            raise InputError(
                f"Sequence {name} is {len(dna):,} nt long, but the model reads {self.max_window:,} "
                "nt; cut it, or call annotate() with a FASTA file and the genes' coordinates."
            )
        if len(dna) < 6:  # a start and a stop codon
            raise InputError(f"Sequence {name} is {len(dna)} nt long, too short for a gene.")
        region = Region(0, name, name, 0, len(dna), ".", 0, len(dna))
        return self._predict([region], lambda _: normalise(dna))

    def annotate(self, genome: str | Path, genes: str | Path | GeneCoordinates) -> GeneModels:
        """Annotate genes of a genome, each in the window around it (``docs/design.md``, Windows).

        Args:
            genome: FASTA file; plain, gzip or bgzip.
            genes: GFF3, GTF or BED file, or coordinates as (seqid, start, end), 0-based half-open.

        Raises:
            InputError: a file or coordinates that cannot be used, or not one usable gene.
        """
        with tempfile.TemporaryDirectory(prefix="transgenic-") as scratch:
            listed = _read_genes(genes, Path(scratch))
            with open_genome(Path(genome), Path(scratch)) as sequences:
                plan = plan_regions(listed.genes, sequences.lengths, max_window=self.max_window)
                found = self._predict(
                    plan.regions,
                    lambda r: normalise(sequences.fetch(r.seqid, r.window_start, r.window_end)),
                )
        found.rejects[:0] = map(Reject.from_skipped_input, (*listed.skipped, *plan.skipped))
        return found

    def _predict(
        self, regions: Sequence[Region], read_window: Callable[[Region], str]
    ) -> GeneModels:
        outcomes = {}
        # As many windows together as make one of the longest: they fit wherever that one does.
        for unit in plan_units("", regions, lambda length: max(1, self.max_window // length)):
            windows = [read_window(region) for region in unit.regions]
            input_ids = torch.stack([encode_dna(window) for window in windows])
            sentences = self.engine.predict(unit.regions, input_ids, self.decoding)
            for region, window, sentence in zip(unit.regions, windows, sentences, strict=True):
                outcomes[region.region_id] = (
                    refined_gene_from_sentence(sentence, region, window, MAX_DISTANCE)
                    if self.refine
                    else gene_from_sentence(sentence, region, window)
                )
        found = GeneModels()
        for _, (gene, rejects) in sorted(outcomes.items()):
            found += [gene] if gene else []
            found.rejects += rejects
        return found


def _read_genes(genes: str | Path | GeneCoordinates, scratch: Path) -> GeneList:
    if isinstance(genes, str | Path):
        sort_annotation(Path(genes), scratch / "sorted.gff3")
        return read_genes(scratch / "sorted.gff3")
    listed = [Gene(f"{s}:{start}-{end}", s, start, end, ".", line=0) for s, start, end in genes]
    for gene in listed:
        if not 0 <= gene.start < gene.end:
            raise InputError(f"Gene {gene.gene_id}: coordinates need 0 <= start < end.")
    return GeneList("the coordinates", listed, [])
