"""The table of all options of an annotation run: names, defaults, help, limits.

The names of the published script are kept. ``option`` says where an option stands in the command
line's help, and whether results depend on it.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from transgenic_dagster.options.definition import (
    DURABILITY,
    FILES,
    FILTERS,
    GENE_MODELS,
    MACHINE,
    MODEL,
    NAMES,
    REGIONS,
    SENTENCES,
    Stage,
    option,
)
from transgenic_dagster.options.file_names import DEFAULT_OUTPUT
from transgenic_dagster.options.value_types import (
    BatchSize,
    Device,
    Duration,
    FeatureTypes,
    QualityTools,
)

DEFAULT_MODEL = "jlomas/HyenaTransgenic-768L12A6-400M"


class OptionTable(BaseModel):
    """All options, each checked by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fasta_file: Path = Field(description="genome, FASTA; plain, gzip or bgzip")
    gff_file: Path = Field(
        description="where the genes are; GFF3, GTF or BED; plain, gzip or bgzip"
    )

    output: Path = option(
        DEFAULT_OUTPUT, FILES, "annotation to write, GFF3; - is the standard output", "FILE"
    )
    reject_output: Path | None = option(
        None, FILES, "regions without a gene and why, JSON lines (OUTPUT.rejects.txt)", "FILE"
    )
    gsf_output: Path | None = option(
        None, FILES, "also write the raw sentence of every region, TSV", "FILE"
    )
    proteins: Path | None = option(None, FILES, "also write translated transcripts, FASTA", "FILE")
    cds: Path | None = option(
        None, FILES, "also write coding sequences of transcripts, FASTA", "FILE"
    )
    cdna: Path | None = option(
        None, FILES, "also write spliced sequences of transcripts, FASTA", "FILE"
    )
    gtf: Path | None = option(None, FILES, "also write the annotation as GTF", "FILE")
    refinements: Path | None = option(
        None, FILES, "also write every boundary that refinement moved, TSV", "FILE"
    )
    report: Path | None = option(
        None, FILES, "also write a report on the result and its quality, HTML", "FILE"
    )
    quality: QualityTools = option(
        (),
        FILES,
        "outside measures for the report, comma-separated: psauron, busco, omark",
        "TOOLS",
    )
    changes: Path | None = option(
        None, FILES, "also write what became of each gene of the input, TSV", "FILE"
    )
    check_submission: Path | None = option(
        None, FILES, "also write what NCBI's table2asn would refuse, and what to do, TSV", "FILE"
    )
    jbrowse: Path | None = option(
        None,
        FILES,
        "also write a folder that JBrowse 2 opens: genome, input, annotation, rejects, gene names",
        "DIR",
    )
    names_from: Path | None = option(
        None,
        FILES,
        "earlier output, whose genes keep the names that --locus_prefix gave them",
        "FILE",
        affects_results=True,
        stage=Stage.RESULTS,
        without_effect="",
    )
    strict_gff3: bool = option(
        False,
        FILES,
        "write the attribute 'gm' for 'GM', which the GFF3 specification reserves",
        affects_results=True,
        stage=Stage.RESULTS,
    )
    index: bool = option(
        False,
        FILES,
        "also write the annotation sorted by position, as bgzip with a CSI index "
        "(OUTPUT.sorted.gff3.gz)",
    )
    plan: bool = option(
        False, FILES, "only say what would be done: regions, skips, disk, memory, time"
    )
    keep_db: bool = option(False, FILES, "keep the region database, as OUTPUT.work/regions.duckdb")

    lift_from: tuple[Path, Path] | None = option(
        None,
        REGIONS,
        "in place of gff_file: another assembly (FASTA) and its genes (GFF3, GTF, BED), which are "
        "looked for in the genome; needs minimap2",
        "OLD_FASTA OLD_GFF",
    )
    feature_types: FeatureTypes = option(
        ("gene",),
        REGIONS,
        "feature types that count as a gene, comma-separated",
        "TYPES",
        affects_results=True,
        stage=Stage.SORTING,
    )
    biotype: Literal["protein_coding", "all"] = option(
        "protein_coding",
        REGIONS,
        "protein_coding skips genes of type gene that the annotation calls RNA genes or "
        "pseudogenes; all takes them, too",
        affects_results=True,
        stage=Stage.REGIONS,
        without_effect="all",
    )
    sorter: Literal["builtin", "agat"] = option(
        "builtin",
        REGIONS,
        "how the annotation is sorted; agat needs AGAT on the PATH",
        affects_results=True,
        stage=Stage.SORTING,
    )
    no_sort: bool = option(False, REGIONS, "take the genes in the order of the file")
    window_rule: Literal["extended", "published"] = option(
        "extended",
        REGIONS,
        "windows at a sequence's end: extended to the other side, or clipped as published",
        affects_results=True,
        stage=Stage.REGIONS,
    )

    model: str = option(
        DEFAULT_MODEL, MODEL, "checkpoint: local folder, hub name, or demo (bundled)", "MODEL"
    )
    revision: str | None = option(None, MODEL, "branch, tag or commit of a hub model", "REV")
    offline: bool = option(False, MODEL, "never touch the network")

    max_length: int = option(
        2048,
        SENTENCES,
        "longest sentence in tokens, start token included",
        "N",
        affects_results=True,
        ge=2,
    )
    num_beams: int = option(
        2,
        SENTENCES,
        "hypotheses followed per region; 1 is greedy",
        "N",
        affects_results=True,
        ge=1,
        le=25,
    )
    do_sample: bool = option(
        False,
        SENTENCES,
        "draw sentences (top 50 tokens) instead of taking the best",
        affects_results=True,
    )
    seed: int = option(
        0, SENTENCES, "start of the random streams of --do_sample", "N", affects_results=True, ge=0
    )

    grammar: Literal["off", "on"] = option(
        "off",
        SENTENCES,
        "on lets the model write only what follows the grammar of gene structures",
        affects_results=True,
        without_effect="off",
    )

    complete: bool = option(
        False,
        GENE_MODELS,
        "keep the input's transcripts as they are and add the isoforms that the model sees beside "
        "the first of each gene",
        affects_results=True,
        without_effect=False,
    )
    refine: Literal["on", "off"] = option(
        "on",
        GENE_MODELS,
        "on moves boundaries until the DNA agrees: start codon, reading frame, stop codon, splice "
        "sites; off writes the model output as it is",
        affects_results=True,
        stage=Stage.RESULTS,
        without_effect="off",
    )
    refine_distance: int = option(
        60,
        GENE_MODELS,
        "how far refinement may move a boundary, nt",
        "N",
        affects_results=True,
        stage=Stage.RESULTS,
        ge=0,
        le=1000,
    )
    keep_all: bool = option(
        False,
        GENE_MODELS,
        "keep gene models that are off target, repeated or overlapping, with a mark",
        affects_results=True,
        stage=Stage.RESULTS,
        without_effect=False,
    )
    keep_input: bool = option(
        False,
        GENE_MODELS,
        "write the input's own rows of every gene that has no gene model, with a mark",
        affects_results=True,
        stage=Stage.RESULTS,
        without_effect=False,
    )

    keep_attributes: bool = option(
        False,
        NAMES,
        "take over Name, Note, Dbxref, Alias and product of the input's genes",
        affects_results=True,
        stage=Stage.RESULTS,
        without_effect=False,
    )
    cds_ids: Literal["shared", "unique"] = option(
        "shared",
        NAMES,
        "the CDS rows of a transcript share one ID, as one feature in several places does, or have "
        "one each, as gffutils wants",
        affects_results=True,
        stage=Stage.RESULTS,
        without_effect="shared",
    )
    locus_prefix: str = option(
        "",
        NAMES,
        "name genes along the chromosomes, as PREFIX_01g000010; 3 to 12 letters and digits",
        "PREFIX",
        affects_results=True,
        stage=Stage.RESULTS,
        without_effect="",
        pattern=r"^([A-Za-z][A-Za-z0-9]{2,11})?$",
    )

    min_confidence: float = option(
        0.0,
        FILTERS,
        "leave out genes whose confidence is lower, 0 to 1",
        "X",
        affects_results=True,
        stage=Stage.RESULTS,
        without_effect=0.0,
        ge=0,
        le=1,
    )
    complete_only: bool = option(
        False,
        FILTERS,
        "leave out transcripts without a complete reading frame",
        affects_results=True,
        stage=Stage.RESULTS,
        without_effect=False,
    )
    longest_isoform: bool = option(
        False,
        FILTERS,
        "write only the transcript with the longest CDS of each gene",
        affects_results=True,
        stage=Stage.RESULTS,
        without_effect=False,
    )

    device: Device | None = option(
        None,
        MACHINE,
        "cpu, cuda, cuda:N, several as in cuda:0,cuda:1, or all GPUs (cuda where there is one)",
        "DEVICE",
    )
    precision: Literal["auto", "fp32", "fp16", "bf16"] = option(
        "auto", MACHINE, "auto is bf16 where it is clearly faster, else fp32", affects_results=True
    )
    compile: bool = option(False, MACHINE, "compile the model with torch.compile (slow start)")
    batch_size: BatchSize = option(
        "auto", MACHINE, "regions decoded together; auto goes by the machine's memory", "N"
    )
    num_workers: int = option(
        2, MACHINE, "processes that read windows ahead; 0 reads in the main process", "N", ge=0
    )
    prefetch_factor: int = option(
        2, MACHINE, "batches that each of these processes keeps ready", "N", ge=1
    )

    checkpoint_path: Path | None = option(
        None, DURABILITY, "summary of the run, JSON (OUTPUT.ckpt.json)", "FILE"
    )
    work_folder: Path | None = option(
        None,
        DURABILITY,
        "folder of everything that is not final (OUTPUT.work); a lab's runs/NAME continues its run",
        "DIR",
    )
    resume: bool = option(False, DURABILITY, "continue an interrupted run")
    overwrite: bool = option(False, DURABILITY, "discard an interrupted run and start afresh")
    time_limit: Duration | None = option(
        None,
        DURABILITY,
        "stop after this time with exit code 75, resumable; seconds, HH:MM:SS or D-HH:MM:SS",
        "TIME",
    )
