"""The five assets.

    sorted_gff -> region_db -> predictions (piece by piece) -> merged_gff3, reject_report

Each asset writes files of the home and reads those of the assets before it; no IO manager is used.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from transgenic_dagster.executors.pool import GPU_POOL
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.lab.options import assembly_options
from transgenic_dagster.lab.workspace import MADE_BY, Home
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.orchestration.automation import when_stale
from transgenic_dagster.orchestration.launchpad import RunOptions
from transgenic_dagster.orchestration.partitions import Partitions, split_piece_key
from transgenic_dagster.orchestration.step_progress import ObservedProgress, in_step
from transgenic_dagster.quality.tables import outcome_table, table
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.annotate import run_description
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.predict import Prediction, predict_pieces
from transgenic_dagster.run.results import merge_pieces
from transgenic_dagster.run.stages import make_region_db, make_sorted_gff
from transgenic_dagster.system.digest import file_sha256

GROUP = "annotation"
OWNERS = ["team:annotation"]
SORTED_GFF = dg.AssetKey("sorted_gff")
REGION_DB = dg.AssetKey("region_db")
PREDICTIONS = dg.AssetKey("predictions")
MERGED_GFF3 = dg.AssetKey("merged_gff3")
REJECT_REPORT = dg.AssetKey("reject_report")

RETRIES = 3
SECONDS_BEFORE_RETRY = 10


def make_assets(home: Home, partitions: Partitions, version: str) -> list[dg.AssetsDefinition]:
    """Define the assets of a home.

    Args:
        home: the home, whose files the assets write.
        partitions: assemblies and pieces.
        version: version of the model and of the options that change results.
    """
    return [
        _sorted_gff(home, partitions),
        _region_db(home, partitions),
        _predictions(home, partitions, version),
        _results(home, partitions),
    ]


def _sorted_gff(home: Home, partitions: Partitions) -> dg.AssetsDefinition:
    @dg.asset(
        key=SORTED_GFF,
        partitions_def=partitions.assemblies,
        group_name=GROUP,
        owners=OWNERS,
        kinds={"gff", "duckdb"},
        description="The input annotation, sorted, as GFF3: every row is kept, sequences are in "
        "natural order, children follow their parents.",
    )
    def sorted_gff(
        context: dg.AssetExecutionContext, options: RunOptions
    ) -> dg.MaterializeResult[None]:
        with _assembly_step(home, context, options) as (folder, asked):
            folder.mark(MADE_BY, run_description(asked))
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


def _region_db(home: Home, partitions: Partitions) -> dg.AssetsDefinition:
    @dg.asset(
        key=REGION_DB,
        deps=[SORTED_GFF],
        partitions_def=partitions.assemblies,
        group_name=GROUP,
        owners=OWNERS,
        kinds={"duckdb"},
        description="The windows of DNA that the model reads, one around every gene, and the genes "
        "that cannot have one, with the reason; a DuckDB file that all later assets are made from.",
    )
    def region_db(
        context: dg.AssetExecutionContext, options: RunOptions
    ) -> dg.MaterializeResult[None]:
        from transgenic_dagster.model.checkpoint import fetch_config

        with _assembly_step(home, context, options) as (folder, asked):
            config = fetch_config(asked.model, revision=asked.revision, offline=asked.offline)
            facts = make_region_db(folder, asked, config.max_encoder_seqlen).values
            with RegionDb(folder.region_db) as database:
                lengths = database.sequence_lengths()
                by_piece = {piece: len(database.regions(piece)) for piece in database.pieces()}
                accounting = Accounting()
                for skipped in database.skipped():
                    if skipped.is_gene:
                        accounting.count_skipped(skipped.reason)
            return dg.MaterializeResult(
                metadata={
                    "path": dg.MetadataValue.path(folder.region_db),
                    "genes": sum(by_piece.values()) + accounting.skipped.total(),
                    "regions": sum(by_piece.values()),
                    "skipped": accounting.skipped.total(),
                    "sequences": len(lengths),
                    "nucleotides": sum(lengths.values()),
                    "pieces": dg.MetadataValue.md(table(("piece", "regions"), by_piece.items())),
                    "skip_reasons": dg.MetadataValue.md(
                        outcome_table({"skipped": accounting.skipped})
                    ),
                    "genome_sha256": facts["genome"],
                },
                data_version=_version(facts),
            )

    return region_db


def _predictions(home: Home, partitions: Partitions, version: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=PREDICTIONS,
        deps=[dg.AssetDep(REGION_DB, partition_mapping=partitions.pieces_from_assembly)],
        partitions_def=partitions.pieces,
        group_name=GROUP,
        owners=OWNERS,
        kinds={"pytorch", "huggingface"},
        code_version=version,
        pool=GPU_POOL,
        retry_policy=dg.RetryPolicy(
            max_retries=RETRIES, delay=SECONDS_BEFORE_RETRY, backoff=dg.Backoff.EXPONENTIAL
        ),
        automation_condition=when_stale(),
        description="The model output for every gene of a piece (a chromosome, or a bundle of "
        "small sequences). It is saved batch by batch: a retry or a new run predicts only what is "
        "missing.",
    )
    def predictions(
        context: dg.AssetExecutionContext, options: RunOptions
    ) -> dg.MaterializeResult[None]:
        _, piece = split_piece_key(context.partition_key)
        with _assembly_step(home, context, options) as (folder, asked):
            began = time.monotonic()
            prediction = predict_pieces(
                folder, [piece], asked, ObservedProgress(context), restart=True
            )
            seconds = time.monotonic() - began
            journal = folder.journal(piece)
            return dg.MaterializeResult(
                metadata={
                    "path": dg.MetadataValue.path(journal),
                    "model": asked.model,
                    **_prediction_metadata(prediction, seconds),
                },
                data_version=(
                    dg.DataVersion(file_sha256(journal)) if journal.exists() else _version({})
                ),
            )

    return predictions


def _results(home: Home, partitions: Partitions) -> dg.AssetsDefinition:
    # One pass over the predictions writes both, so that they always agree.
    common: dict[str, Any] = {
        "deps": [dg.AssetDep(PREDICTIONS, partition_mapping=partitions.assembly_from_pieces)],
        "group_name": GROUP,
        "owners": OWNERS,
        "partitions_def": partitions.assemblies,
        "automation_condition": when_stale(),
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
        context: dg.AssetExecutionContext, options: RunOptions
    ) -> Iterator[dg.MaterializeResult[None]]:
        from transgenic_dagster.orchestration.result_metadata import gff3_metadata, reject_metadata

        paths = home.results(context.partition_key)
        with _assembly_step(home, context, options) as (folder, asked):
            accounting = merge_pieces(folder, asked)
            context.log.info(accounting.summary())
            gff3, rejects = gff3_metadata(folder, paths, accounting), reject_metadata(paths)
        yield dg.MaterializeResult(
            asset_key=MERGED_GFF3,
            metadata=gff3,
            data_version=dg.DataVersion(file_sha256(paths.gff3)),
        )
        yield dg.MaterializeResult(
            asset_key=REJECT_REPORT,
            metadata=rejects,
            data_version=dg.DataVersion(file_sha256(paths.rejects)),
        )

    return results


@contextmanager
def _assembly_step(
    home: Home, context: dg.AssetExecutionContext, options: RunOptions
) -> Iterator[tuple[RunFolder, AnnotateOptions]]:
    """Run a step of an assembly (see ``in_step``); yields its run folder and its options."""
    name, _ = split_piece_key(context.partition_key)
    given = options.given()
    if context.op_execution_context.retry_number:
        # The first attempt has discarded what there was; its own work is kept.
        given["overwrite"] = False
    with in_step(context):
        yield home.run(name), assembly_options(home, home.assembly(name), given)


def _prediction_metadata(prediction: Prediction, seconds: float) -> dict[str, Any]:
    from transgenic_dagster.quality.pictures import confidence_histogram

    journals = prediction.journals
    accounting = journals.accounting
    predicted = journals.completed - prediction.done_before
    return {
        "regions": journals.regions,
        "done_before": prediction.done_before,
        "annotated": accounting.annotated,
        "rejected": journals.rejected,
        "outcomes": dg.MetadataValue.md(
            outcome_table(
                {"annotated": {"": accounting.annotated}, "rejected": accounting.rejected}
            )
        ),
        "seconds": round(seconds, 1),
        "regions_per_second": round(predicted / seconds, 3) if seconds > 0 else 0.0,
        "device": prediction.devices or "none: everything was predicted before",
        "precision": prediction.precision or "",
        "confidence": dg.MetadataValue.md(confidence_histogram(journals.confidences)),
    }


def _version(facts: Mapping[str, str]) -> dg.DataVersion:
    return dg.DataVersion(hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest())
