"""Estimate of a run (``--plan``): regions, skips, disk, memory, time; no weights are loaded."""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transgenic_dagster.errors import MissingOnMachineError
from transgenic_dagster.input_genes.biotypes import read_wanted_genes
from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.regions.region_db import database_bytes
from transgenic_dagster.regions.region_plan import plan_regions
from transgenic_dagster.regions.windows import window_cap
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.model_and_devices import batch_sizes, parameter_count
from transgenic_dagster.run.predictor import most_processes
from transgenic_dagster.run.stages import make_sorted_gff
from transgenic_dagster.sequences.fasta import open_genome
from transgenic_dagster.system.wording import counted

if TYPE_CHECKING:
    import torch

    from transgenic_dagster.model import TransgenicConfig

ASSUMED_TOKENS = 150
"""Length of a typical plant gene's sentence: ten parts and two isoforms."""
_JOURNAL_BYTES_PER_TOKEN = 9.0
"""One hypothesis: its text, and of each digit ten costs, which hardly get smaller when deflated."""
_JOURNAL_BYTES_PER_TOKEN_OF_OTHERS = 7.5
"""Each further hypothesis, which begins as the first does."""
_GFF3_BYTES_PER_REGION = 1_400
_OUTPUT_BYTES_PER_TOKEN = 2
"""The text of a sentence, and about as much for its transcripts as proteins."""
_MIB = 1 << 20
_GIB = 1 << 30
_PROBE_SIZE = 2_048
_PROBE_SECONDS = 0.3


@dataclass(frozen=True)
class Plan:
    """Estimate of a run.

    Args:
        regions_by_window: regions by window length (nt).
        skipped: genes by reason.
        broken_rows: rows that cannot be read and are no genes.
        disk_bytes: taken by the work folder and the final files just before the former goes. It is
            the most at any time, but where sorting a large annotation needs more scratch space.
        memory_bytes: needed on a device at the peak, if sentences get as long as they may.
        typical_memory_bytes: needed if they have ``ASSUMED_TOKENS`` tokens.
        batch_sizes: regions decoded together, by window length.
        seconds: estimated time to predict.
        machine: what it would run on.
        notes: what the reader should know.
    """

    regions_by_window: dict[int, int]
    skipped: dict[str, int]
    broken_rows: int
    disk_bytes: int
    memory_bytes: int
    typical_memory_bytes: int
    batch_sizes: dict[int, int]
    seconds: float
    machine: str
    notes: tuple[str, ...]

    def render(self) -> str:
        """The plan for a terminal."""
        regions, skipped = sum(self.regions_by_window.values()), sum(self.skipped.values())
        lines = [
            f"{counted(regions + skipped, 'gene')}: {counted(regions, 'region')} to predict, "
            f"{skipped:,} skipped.",
            "",
            "  window (nt)    regions   decoded together",
            *(
                f"  {length:>11,}  {count:>9,}   {self.batch_sizes[length]:>16,}"
                for length, count in self.regions_by_window.items()
            ),
        ]
        if self.skipped:
            lines += ["", "  skipped because    genes"]
            lines += [f"  {reason:<16} {count:>7,}" for reason, count in self.skipped.items()]
        if self.broken_rows:
            lines += [
                "",
                f"  Cannot be read: {counted(self.broken_rows, 'row')} other than genes.",
            ]
        lines += [
            "",
            f"Disk:    {_size(self.disk_bytes)} while the run lasts, results included",
            f"Memory:  {_size(self.typical_memory_bytes)}, or {_size(self.memory_bytes)} where "
            "sentences get as long as they may",
            f"Time:    about {_duration(self.seconds)} on {self.machine}, if sentences have "
            f"{ASSUMED_TOKENS} tokens",
            *(f"Note:    {note}" for note in self.notes),
        ]
        return "\n".join(lines) + "\n"


def make_plan(options: AnnotateOptions) -> Plan:
    """Look at the inputs and say what a run with these options would do.

    Genes that are to be lifted are looked at in their own assembly, which takes seconds.

    Raises:
        TransgenicError: what would stop the run itself.
    """
    config, notes = _config(options)
    if options.lift_from:
        old_genome, annotation = options.lift_from
        own = {"fasta_file": old_genome, "gff_file": annotation, "lift_from": None}
        options = options.model_copy(update=own)
        notes = (*notes, f"these are the genes of {annotation.name} before they are lifted.")
    with tempfile.TemporaryDirectory(prefix="transgenic-plan-") as name:
        folder = RunFolder(Path(name))
        make_sorted_gff(folder, options)
        genes = read_wanted_genes(folder.sorted_gff, options.feature_types, options.biotype)
        folder.genome_cache.mkdir()
        with open_genome(options.fasta_file, folder.genome_cache) as genome:
            planned = plan_regions(
                genes.genes,
                genome.lengths,
                window_rule=options.window_rule,
                max_window=window_cap(config.max_encoder_seqlen),
                annotation=genes.annotation,
                fasta=options.fasta_file.name,
            )
        copied = sum(path.stat().st_size for path in Path(name).rglob("*") if path.is_file())
    skipped: Sequence[SkippedInput] = [*genes.skipped, *planned.skipped]
    windows = Counter(region.window_length for region in planned.regions)
    bases = sum(length * count for length, count in windows.items())
    return _with_machine(
        options,
        config,
        dict(sorted(windows.items())),
        skipped,
        copied + database_bytes(bases) + int(len(planned.regions) * _predicted_bytes(options)),
        notes,
    )


def journal_bytes(tokens: int, num_beams: int) -> float:
    """Size of sentences in a journal, as measured with the demo model.

    Args:
        tokens: of all sentences together, each region's best.
        num_beams: hypotheses per region.
    """
    others = num_beams - 1
    return tokens * (_JOURNAL_BYTES_PER_TOKEN + others * _JOURNAL_BYTES_PER_TOKEN_OF_OTHERS)


def _predicted_bytes(options: AnnotateOptions) -> float:
    """Bytes on disk of what is predicted for one region: journal, draft and final files."""
    wanted = (options.gsf_output, options.proteins, options.cds, options.cdna)
    tables = sum(table is not None for table in wanted)
    # A draft without the rows that are kept; the sorted copy has an unsorted one meanwhile.
    copies = 1 + options.keep_input + (options.gtf is not None) + 2 * options.index
    return (
        journal_bytes(ASSUMED_TOKENS, options.num_beams)
        + tables * ASSUMED_TOKENS * _OUTPUT_BYTES_PER_TOKEN
        + copies * _GFF3_BYTES_PER_REGION
    )


def _config(options: AnnotateOptions) -> tuple["TransgenicConfig", tuple[str, ...]]:
    from transgenic_dagster.model import TransgenicConfig
    from transgenic_dagster.model.checkpoint import fetch_config

    try:
        found = fetch_config(options.model, revision=options.revision, offline=options.offline)
    except MissingOnMachineError:
        note = (
            f"the model {options.model} is not on this machine and the hub cannot be reached; the "
            "sizes are those of the published 400M model."
        )
        return TransgenicConfig(), (note,)
    return found, ()


def _with_machine(
    options: AnnotateOptions,
    config: "TransgenicConfig",
    windows: dict[int, int],
    skipped: Sequence[SkippedInput],
    disk_bytes: int,
    notes: tuple[str, ...],
) -> Plan:
    from transgenic_dagster.inference.batching import predicted_memory
    from transgenic_dagster.inference.device import (
        DTYPES,
        choose_devices,
        choose_precision,
        memory_of_each,
    )

    devices = choose_devices(options.device)
    device = devices[0]
    precision = choose_precision(options.precision, device, config)
    dtype = DTYPES[precision]
    budget = memory_of_each(devices)
    sizes = batch_sizes(options, config, device, precision, budget)
    together = {length: min(sizes.batch_size(length), count) for length, count in windows.items()}
    parameters = parameter_count(config)
    units = sum(-(-count // sizes.per_unit(length)) for length, count in windows.items())
    processes = most_processes(options, config, devices, sizes, windows, units)

    def memory(max_length: int) -> int:
        each = (
            predicted_memory(
                config,
                parameters,
                length,
                rows,
                num_beams=options.num_beams,
                max_length=min(max_length, options.max_length),
                dtype_bytes=dtype.itemsize,
                processes=processes if device.type == "cpu" else 1,
            )
            for length, rows in together.items()
        )
        return max(each, default=0)

    memory_bytes = memory(options.max_length)
    if device.type == "cpu":  # GPUs have memories of their own
        budget *= len(devices)
    if memory_bytes > budget:
        notes = (*notes, f"this machine has only {_size(budget)} of memory.")
    if processes > len(devices):
        notes = (*notes, f"up to {processes} processes share the cores; their memory is counted.")
    rate = _matrix_rate(device, dtype)
    operations = sum(
        count * _operations(config, length, options.num_beams) for length, count in windows.items()
    )
    return Plan(
        regions_by_window=windows,
        skipped=dict(Counter(s.reason for s in skipped if s.is_gene).most_common()),
        broken_rows=sum(not s.is_gene for s in skipped),
        disk_bytes=disk_bytes,
        memory_bytes=memory_bytes,
        typical_memory_bytes=memory(ASSUMED_TOKENS),
        batch_sizes=together,
        seconds=operations / rate / (len(devices) if device.type == "cuda" else 1),
        machine=f"{', '.join(map(str, devices))} ({rate / 1e9:,.0f} GFLOP/s)",
        notes=notes,
    )


def _operations(config: "TransgenicConfig", window_length: int, num_beams: int) -> float:
    """Floating-point operations that one region takes, twice the matrix products.

    The rest of the work (FFTs, attention over caches, memory traffic) takes about as long again.
    """
    channels, dim = config.d_model, config.decoder_dim
    encoder = config.encoder_n_layer * (4 * channels**2 + 2 * channels * config.encoder_d_inner)
    downsample = channels * (channels * 3 // 2) * 6 // 3 + (channels * 3 // 2) * dim * 2 // 6
    memory = config.decoder_layers * 2 * dim**2 / 6
    per_token = config.decoder_layers * (6 * dim**2 + 2 * dim * config.decoder_ffn_dim)
    products = window_length * (encoder + downsample + memory)
    products += num_beams * ASSUMED_TOKENS * per_token
    return 2 * 2 * products


def _matrix_rate(device: "torch.device", dtype: "torch.dtype") -> float:
    """Floating-point operations per second of a large matrix product on this machine, now."""
    import torch

    def finish() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    matrix = torch.ones(_PROBE_SIZE, _PROBE_SIZE, device=device, dtype=dtype)
    matrix @ matrix
    finish()
    began, products = time.monotonic(), 0
    while time.monotonic() - began < _PROBE_SECONDS:
        matrix @ matrix
        finish()
        products += 1
    return products * 2 * _PROBE_SIZE**3 / (time.monotonic() - began)


def _size(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / _MIB:.0f} MiB"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 120 else f"{minutes} min"
