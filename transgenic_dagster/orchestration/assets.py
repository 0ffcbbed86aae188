"""The five assets, and an overview of all assemblies.

    sorted_gff -> region_db -> predictions (piece by piece) -> merged_gff3, reject_report
                                                               merged_gff3 of all -> overview

Each asset writes files of the home and reads those of the assets before it; no IO manager is used.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from transgenic_dagster import __version__
from transgenic_dagster.checkpoint.files import fetch_longest_window
from transgenic_dagster.executors.choice import GPU_POOL
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.lab.options import assembly_options
from transgenic_dagster.lab.pieces import Pieces, pieces_version, read_pieces, write_pieces
from transgenic_dagster.lab.workspace import MADE_BY, Home
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.orchestration.conditions import (
    MADE_FROM,
    MERGED_GFF3,
    PREDICTIONS,
    REGION_DB,
    OverviewDue,
    PredictionsDue,
    PreparationDue,
    ResultsDue,
    results_version,
    when_due,
)
from transgenic_dagster.orchestration.launchpad import LabResource, RunOptions, given_options
from transgenic_dagster.orchestration.metadata import (
    gff3_metadata,
    outcome_table,
    overview_metadata,
    prediction_metadata,
    reject_metadata,
    table,
)
from transgenic_dagster.orchestration.partitions import (
    ASSEMBLIES,
    ASSEMBLY,
    BY_ASSEMBLY,
    CHROMOSOME,
    PAIRS,
    chromosomes_by_assembly,
    pair_key,
    split_key,
)
from transgenic_dagster.orchestration.step_progress import ObservedProgress, in_step
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.annotate import run_description
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.journals import summarise_journal
from transgenic_dagster.run.lifted_genes import make_lifted_genes
from transgenic_dagster.run.predict import predict_pieces
from transgenic_dagster.run.results import merge_pieces
from transgenic_dagster.run.stages import make_region_db, make_sorted_gff
from transgenic_dagster.run.state import read_piece_state
from transgenic_dagster.system.devices import leased_gpu
from transgenic_dagster.system.digest import file_sha256

GROUP = "annotation"
OWNERS = ["team:annotation"]
SORTED_GFF = dg.AssetKey("sorted_gff")
OVERVIEW = dg.AssetKey("overview")
REJECT_REPORT = dg.AssetKey("reject_report")

RETRIES = 3
SECONDS_BEFORE_RETRY = 10
MOST_NAMED = 5


def make_assets(home: Home) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Define the assets of a home, whose files they write."""
    made = [
        _sorted_gff(home),
        _region_db(home),
        _predictions(home),
        _results(home),
        _overview(home),
    ]
    return [_assembly(), *dg.map_asset_specs(_with_common_attributes, made)]


def _with_common_attributes(spec: dg.AssetSpec) -> dg.AssetSpec:
    return spec.replace_attributes(group_name=GROUP, owners=OWNERS, code_version=__version__)


def _assembly() -> dg.AssetSpec:
    return dg.AssetSpec(
        ASSEMBLY,
        partitions_def=ASSEMBLIES,
        group_name=GROUP,
        owners=OWNERS,
        kinds={"fasta", "gff"},
        description="A genome and where its genes are: a folder in assemblies/. It is reported "
        "when its files have stopped changing, and again when they, its model or its options "
        "change.",
    )


def _sorted_gff(home: Home) -> dg.AssetsDefinition:
    @dg.asset(
        key=SORTED_GFF,
        deps=[ASSEMBLY],
        partitions_def=ASSEMBLIES,
        automation_condition=when_due(PreparationDue(home)),
        kinds={"gff", "duckdb"},
        description="The input annotation, sorted, as GFF3: every row is kept, sequences are in "
        "natural order, children follow their parents.",
    )
    def sorted_gff(
        context: dg.AssetExecutionContext,
        config: RunOptions,  # noqa: ARG001  (Dagster makes the launchpad's form of it)
        lab: LabResource,
    ) -> dg.MaterializeResult[None]:
        with _step(lab.home, context, context.partition_key) as (folder, asked):
            folder.mark(MADE_BY, run_description(asked))
            make_lifted_genes(folder, asked)
            facts = make_sorted_gff(folder, asked).values
            with folder.sorted_gff.open("rb") as lines:
                rows = sum(not line.startswith(b"#") for line in lines)
            return dg.MaterializeResult(
                metadata={
                    "path": dg.MetadataValue.path(folder.sorted_gff),
                    "source": dg.MetadataValue.path(asked.gff_file),
                    "rows": rows,
                    "bytes": folder.sorted_gff.stat().st_size,
                    "sorter": facts["sorter"],
                    "annotation_sha256": facts["annotation"],
                },
                data_version=dg.DataVersion(file_sha256(folder.sorted_gff)),
            )

    return sorted_gff


def _region_db(home: Home) -> dg.AssetsDefinition:
    @dg.asset(
        key=REGION_DB,
        deps=[ASSEMBLY, SORTED_GFF],
        partitions_def=ASSEMBLIES,
        automation_condition=when_due(PreparationDue(home)),
        kinds={"duckdb"},
        description="The windows of DNA that the model reads, one around every gene, and the genes "
        "that cannot have one, with the reason; a DuckDB file that all later assets are made from.",
    )
    def region_db(
        context: dg.AssetExecutionContext,
        config: RunOptions,  # noqa: ARG001
        lab: LabResource,
    ) -> dg.MaterializeResult[None]:
        with _step(lab.home, context, context.partition_key) as (folder, asked):
            longest = fetch_longest_window(
                asked.model, revision=asked.revision, offline=asked.offline
            )
            regions = make_region_db(folder, asked, longest)
            with RegionDb(folder.region_db) as database:
                lengths = database.sequence_lengths()
                by_piece = {piece: len(database.regions(piece)) for piece in database.pieces()}
                accounting = Accounting()
                for skipped in database.skipped():
                    if skipped.is_gene:
                        accounting.count_skipped(skipped.reason)
            version = pieces_version(regions, asked)
            # In this order: the sensor removes chromosomes that no assembly has.
            write_pieces(folder, Pieces(tuple(by_piece), version))
            context.instance.add_dynamic_partitions(CHROMOSOME, list(by_piece))
            return dg.MaterializeResult(
                metadata={
                    "path": dg.MetadataValue.path(folder.region_db),
                    "genes": sum(by_piece.values()) + accounting.skipped.total(),
                    "regions": sum(by_piece.values()),
                    "skipped": accounting.skipped.total(),
                    "sequences": len(lengths),
                    "nucleotides": sum(lengths.values()),
                    "chromosomes": table(("chromosome", "regions"), by_piece.items()),
                    "skip_reasons": outcome_table({"skipped": accounting.skipped}),
                    "genome_sha256": regions.values["genome"],
                },
                data_version=dg.DataVersion(version),
            )

    return region_db


def _predictions(home: Home) -> dg.AssetsDefinition:
    @dg.asset(
        key=PREDICTIONS,
        deps=[dg.AssetDep(REGION_DB, partition_mapping=BY_ASSEMBLY)],
        partitions_def=PAIRS,
        kinds={"pytorch", "huggingface"},
        pool=GPU_POOL,
        output_required=False,  # there are pairs that do not exist
        retry_policy=dg.RetryPolicy(
            max_retries=RETRIES, delay=SECONDS_BEFORE_RETRY, backoff=dg.Backoff.EXPONENTIAL
        ),
        automation_condition=when_due(PredictionsDue(home)),
        description="The model output for every gene of a chromosome, or of a bundle of small "
        "sequences. It is saved batch by batch: a retry or a new run predicts only what is "
        "missing.",
    )
    def predictions(
        context: dg.AssetExecutionContext,
        config: RunOptions,  # noqa: ARG001
        lab: LabResource,
    ) -> Iterator[dg.MaterializeResult[None]]:
        for assembly, chromosomes in chromosomes_by_assembly(context.partition_keys).items():
            with _step(lab.home, context, assembly) as (folder, asked):
                pieces = read_pieces(folder)
                existing = [c for c in chromosomes if pieces and c in pieces.names]
                if other := sorted(set(chromosomes) - set(existing)):
                    context.log.info(
                        f"{assembly} has no {', '.join(other[:MOST_NAMED])}; nothing to predict."
                    )
                if pieces is None or not existing:
                    continue
                for chromosome, metadata in _predict(context, folder, existing, asked):
                    metadata[MADE_FROM] = pieces.version
                    version = dg.DataVersion(file_sha256(folder.journal(chromosome)))
                    if len(context.partition_keys) == 1:
                        yield dg.MaterializeResult(metadata=metadata, data_version=version)
                        continue
                    # Of several chromosomes each is an event of its own.
                    pair = pair_key(assembly, chromosome)
                    made = dg.AssetMaterialization(PREDICTIONS, partition=pair, metadata=metadata)
                    context.log_event(made)

    return predictions


def _results(home: Home) -> dg.AssetsDefinition:
    # One pass over the predictions writes both, so that they always agree.
    common: dict[str, Any] = {
        "deps": [REGION_DB, dg.AssetDep(PREDICTIONS, partition_mapping=BY_ASSEMBLY)],
        "partitions_def": ASSEMBLIES,
        "automation_condition": when_due(ResultsDue(home)),
    }

    @dg.multi_asset(
        name="results",
        specs=[
            dg.AssetSpec(
                MERGED_GFF3,
                kinds={"gff"},
                description="The new annotation: gene models with exons, CDS, UTRs and isoforms, "
                "each with a confidence and quality metrics.",
                **common,
            ),
            dg.AssetSpec(
                REJECT_REPORT,
                kinds={"json"},
                description="Every gene of the input that has no gene model, and why.",
                **common,
            ),
        ],
    )
    def results(
        context: dg.AssetExecutionContext,
        config: RunOptions,  # noqa: ARG001  (Dagster makes the launchpad's form of it)
        lab: LabResource,
    ) -> Iterator[dg.MaterializeResult[None]]:
        name = context.partition_key
        paths = lab.home.results(name)
        with _step(lab.home, context, name) as (folder, asked):
            pieces = read_pieces(folder)
            made_from = {MADE_FROM: pieces.version if pieces else ""}
            accounting = merge_pieces(folder, asked)
            context.log.info(accounting.summary())
            gff3, rejects = gff3_metadata(lab.home, name, accounting), reject_metadata(paths)
        yield dg.MaterializeResult(
            asset_key=MERGED_GFF3,
            metadata=gff3 | made_from,
            data_version=dg.DataVersion(file_sha256(paths.gff3)),
        )
        yield dg.MaterializeResult(
            asset_key=REJECT_REPORT,
            metadata=rejects | made_from,
            data_version=dg.DataVersion(file_sha256(paths.rejects)),
        )

    return results


def _overview(home: Home) -> dg.AssetsDefinition:
    @dg.asset(
        key=OVERVIEW,
        deps=[MERGED_GFF3],
        automation_condition=when_due(OverviewDue(home)) & ~dg.AutomationCondition.in_progress(),
        kinds={"table"},
        description="All assemblies side by side: genes, outcomes, reading frames, agreement with "
        "the input; made again whenever the results of one change.",
    )
    def overview(context: dg.AssetExecutionContext, lab: LabResource) -> dg.MaterializeResult[None]:
        made_from = results_version(context.instance)  # before the files are read
        with in_step(context):
            shown = overview_metadata(lab.home, context.instance.get_dynamic_partitions(ASSEMBLY))
        return dg.MaterializeResult(metadata={**shown, MADE_FROM: made_from})

    return overview


@contextmanager
def _step(
    home: Home, context: dg.AssetExecutionContext, name: str
) -> Iterator[tuple[RunFolder, AnnotateOptions]]:
    """Run a step of an assembly (see ``in_step``); yields its run folder and its options."""
    keys = [split_key(key)[1] for key in context.partition_keys]
    tags = {ASSEMBLY: name} | ({CHROMOSOME: keys[0]} if len(keys) == 1 and keys[0] else {})
    context.instance.add_run_tags(context.run.run_id, tags)
    given = given_options(context)
    if context.op_execution_context.retry_number:
        # The first attempt has discarded what there was; its own work is kept.
        given["overwrite"] = False
    with in_step(context):
        yield home.run(name), assembly_options(home, home.assembly(name), given)


def _predict(
    context: dg.AssetExecutionContext,
    folder: RunFolder,
    chromosomes: list[str],
    asked: AnnotateOptions,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Predict chromosomes of one assembly, which share the loaded model; yields their metadata."""
    with leased_gpu():
        began = time.monotonic()
        prediction = predict_pieces(
            folder, chromosomes, asked, ObservedProgress(context), restart=True
        )
        seconds = time.monotonic() - began
    predicted = prediction.journals.completed - prediction.done_before
    speed = {
        "model": asked.model,
        "seconds": round(seconds, 1),
        "regions_per_second": round(predicted / seconds, 3) if seconds > 0 else 0.0,
        "device": prediction.devices or "none: everything was predicted before",
        "precision": prediction.precision or "",
    }
    with RegionDb(folder.region_db) as database:
        for chromosome in chromosomes:
            state = read_piece_state(folder.piece_state(chromosome))
            states = {chromosome: state} if state else {}
            journals = summarise_journal(folder, database, states)
            path = dg.MetadataValue.path(folder.journal(chromosome))
            yield chromosome, {"path": path, **prediction_metadata(journals), **speed}
