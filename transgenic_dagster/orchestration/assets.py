"""The five assets of an annotation, scores of the input's own genes, and an overview of all.

    sorted_gff -> region_db -> predictions (piece by piece) -> merged_gff3, reject_report
                               input_scores (likewise) -> score_table
                                                               merged_gff3 of all -> overview

Each asset writes files of the home and reads those of the assets before it; no IO manager is used.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import dagster as dg

from transgenic_dagster import __version__
from transgenic_dagster.checkpoint.files import fetch_longest_window
from transgenic_dagster.errors import UsageError
from transgenic_dagster.executors.choice import GPU_POOL
from transgenic_dagster.gene_models.input_transcripts import tells_coding_parts
from transgenic_dagster.lab.options import assembly_options, score_options, scores_input
from transgenic_dagster.lab.pages import (
    Page,
    annotation_page,
    overview_page,
    piece_page,
    regions_page,
    rejects_page,
    score_table_page,
    sorted_page,
)
from transgenic_dagster.lab.pieces import Pieces, read_pieces, write_pieces
from transgenic_dagster.lab.workspace import MADE_BY, Home
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.orchestration.checks import evaluate_checks
from transgenic_dagster.orchestration.conditions import (
    INPUT_SCORES,
    MADE_FROM,
    MERGED_GFF3,
    PREDICTIONS,
    REGION_DB,
    SORTED_GFF,
    OverviewDue,
    PredictionsDue,
    ResultsDue,
    results_version,
    weekly,
    when_due,
)
from transgenic_dagster.orchestration.launchpad import LabResource, RunOptions, given_options
from transgenic_dagster.orchestration.metadata import metadata
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
from transgenic_dagster.run.lifted_genes import make_lifted_genes
from transgenic_dagster.run.predict import predict_pieces
from transgenic_dagster.run.results import merge_pieces
from transgenic_dagster.run.stages import make_region_db, make_sorted_gff
from transgenic_dagster.system.devices import leased_gpu
from transgenic_dagster.system.digest import file_sha256

Task = Literal["predict", "score"]
Made = dg.MaterializeResult[None] | dg.AssetMaterialization | dg.AssetCheckEvaluation
GROUP = "annotation"
OWNERS = ["team:annotation"]
SCORE_TABLE = dg.AssetKey("score_table")
OVERVIEW = dg.AssetKey("overview")
REJECT_REPORT = dg.AssetKey("reject_report")

RETRIES = 3
SECONDS_BEFORE_RETRY = 10
MOST_NAMED = 5
NOTHING_TO_SCORE = "its annotation has no CDS, so there is nothing to score."


def make_assets(home: Home) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Define the assets of a home, whose files they write."""
    made = [
        _sorted_gff(),
        _region_db(),
        _predictions(home),
        _results(home),
        _input_scores(home),
        _score_table(home),
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


def _sorted_gff() -> dg.AssetsDefinition:
    @dg.asset(
        key=SORTED_GFF,
        deps=[ASSEMBLY],
        partitions_def=ASSEMBLIES,
        automation_condition=weekly(),
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
            make_sorted_gff(folder, asked)
            return dg.MaterializeResult(
                metadata=metadata(sorted_page(folder, asked)),
                data_version=dg.DataVersion(file_sha256(folder.sorted_gff)),
            )

    return sorted_gff


def _region_db() -> dg.AssetsDefinition:
    @dg.asset(
        key=REGION_DB,
        deps=[ASSEMBLY, SORTED_GFF],
        partitions_def=ASSEMBLIES,
        automation_condition=weekly(),
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
                names, page = database.pieces(), regions_page(database)
            inputs = lab.home.assembly(context.partition_key)
            scored = scores_input(lab.home, inputs) and tells_coding_parts(folder.sorted_gff)
            pieces = Pieces.of(names, regions, asked, scored=scored)
            # In this order: the sensor removes chromosomes that no assembly has.
            write_pieces(folder, pieces)
            context.instance.add_dynamic_partitions(CHROMOSOME, names)
            page |= {"path": folder.region_db, "genome_sha256": regions.values["genome"]}
            return dg.MaterializeResult(
                metadata=metadata(page), data_version=dg.DataVersion(pieces.version)
            )

    return region_db


def _predictions(home: Home) -> dg.AssetsDefinition:
    return _by_the_model(
        home,
        PREDICTIONS,
        "predict",
        "The model output for every gene of a chromosome, or of a bundle of small sequences. It is "
        "saved batch by batch: a retry or a new run predicts only what is missing.",
    )


def _input_scores(home: Home) -> dg.AssetsDefinition:
    return _by_the_model(
        home,
        INPUT_SCORES,
        "score",
        "How likely the model finds the input's own genes of a chromosome, where the input has "
        "CDS. It is saved batch by batch, as predictions are, and requested without a click where "
        "options.yaml says score_input.",
    )


def _by_the_model(home: Home, key: dg.AssetKey, task: Task, text: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=key,
        deps=[dg.AssetDep(REGION_DB, partition_mapping=BY_ASSEMBLY)],
        partitions_def=PAIRS,
        kinds={"pytorch", "huggingface"},
        pool=GPU_POOL,
        output_required=False,  # there are pairs that do not exist
        retry_policy=dg.RetryPolicy(
            max_retries=RETRIES, delay=SECONDS_BEFORE_RETRY, backoff=dg.Backoff.EXPONENTIAL
        ),
        automation_condition=when_due(PredictionsDue(home, scoring=task == "score")),
        description=text,
    )
    def made_by_the_model(
        context: dg.AssetExecutionContext,
        config: RunOptions,  # noqa: ARG001
        lab: LabResource,
    ) -> Iterator[Made]:
        yield from _pieces(context, lab.home, task)

    return made_by_the_model


def _score_table(home: Home) -> dg.AssetsDefinition:
    @dg.asset(
        key=SCORE_TABLE,
        deps=[REGION_DB, dg.AssetDep(INPUT_SCORES, partition_mapping=BY_ASSEMBLY)],
        partitions_def=ASSEMBLIES,
        automation_condition=when_due(ResultsDue(home, scoring=True)),
        kinds={"table", "gff"},
        description="The input's own genes from the most doubtful on, each with its transcripts "
        "and boundaries, and the input's rows with scores in column 6.",
    )
    def score_table(
        context: dg.AssetExecutionContext,
        config: RunOptions,  # noqa: ARG001
        lab: LabResource,
    ) -> dg.MaterializeResult[None]:
        name = context.partition_key
        paths = lab.home.scores(name)
        with _step(lab.home, context, name) as (folder, asked):
            pieces = read_pieces(folder)
            if _nothing_to_score(folder):
                raise UsageError(f"{name}: {NOTHING_TO_SCORE}")
            accounting = merge_pieces(folder.scoring, score_options(lab.home, name, asked))
            context.log.info(accounting.summary())
            page = score_table_page(paths, accounting)
            return dg.MaterializeResult(
                metadata=metadata(page) | {MADE_FROM: pieces.version if pieces else ""},
                data_version=dg.DataVersion(file_sha256(paths.scores)),
            )

    return score_table


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
        with _step(lab.home, context, name) as (folder, asked):
            yield from _merge(context, lab.home, folder, asked)

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
            page = overview_page(lab.home, context.instance.get_dynamic_partitions(ASSEMBLY))
        return dg.MaterializeResult(metadata=metadata(page) | {MADE_FROM: made_from})

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


def _pieces(context: dg.AssetExecutionContext, home: Home, task: Task) -> Iterator[Made]:
    """Have the model do its task with all chromosomes of a step that exist.

    An assembly that is one piece is merged as well.
    """
    for assembly, chromosomes in chromosomes_by_assembly(context.partition_keys).items():
        with _step(home, context, assembly) as (folder, asked):
            pieces = read_pieces(folder)
            existing = [c for c in chromosomes if pieces and c in pieces.names]
            if other := sorted(set(chromosomes) - set(existing)):
                context.log.info(
                    f"{assembly} has no {', '.join(other[:MOST_NAMED])}; nothing to {task}."
                )
            if pieces is None or not existing:
                continue
            if task == "score" and _nothing_to_score(folder):
                context.log.info(f"{assembly}: {NOTHING_TO_SCORE}")
                continue
            of_task, options = folder, asked
            if task == "score":
                of_task, options = folder.scoring, score_options(home, assembly, asked)
            for chromosome, page in _predict(context, of_task, existing, options):
                made: dg.MaterializeResult[None] = dg.MaterializeResult(
                    asset_key=context.asset_key,
                    metadata=metadata(page) | {MADE_FROM: pieces.version},
                    data_version=dg.DataVersion(file_sha256(of_task.journal(chromosome))),
                )
                # Of several chromosomes each is an event of its own.
                one = len(context.partition_keys) == 1
                yield made if one else _event(made, pair_key(assembly, chromosome))
            if task == "predict" and len(pieces.names) == 1:
                # Another run would take longer to start than to merge so little.
                for made in _merge(context, home, folder, asked):
                    yield _event(made, assembly)
                yield from evaluate_checks(context.instance, home, assembly)


def _event(made: dg.MaterializeResult[None], partition: str) -> dg.AssetMaterialization:
    """Event of something that is not the step's own partition."""
    tags = {"dagster/data_version": made.data_version.value} if made.data_version else None
    key = dg.AssetKey.from_coercible(made.asset_key or "")
    return dg.AssetMaterialization(key, partition=partition, metadata=made.metadata, tags=tags)


def _merge(
    context: dg.AssetExecutionContext, home: Home, folder: RunFolder, asked: AnnotateOptions
) -> Iterator[dg.MaterializeResult[None]]:
    """Write the final files of an assembly; yields what both assets show."""
    name, pieces = folder.root.name, read_pieces(folder)
    paths, accounting = home.results(name), merge_pieces(folder, asked)
    context.log.info(accounting.summary())
    made_from = {MADE_FROM: pieces.results_version if pieces else ""}
    for key, page, path in (
        (MERGED_GFF3, annotation_page(home, name, accounting, asked), paths.gff3),
        (REJECT_REPORT, rejects_page(paths), paths.rejects),
    ):
        yield dg.MaterializeResult(
            asset_key=key,
            metadata=metadata(page) | made_from,
            data_version=dg.DataVersion(file_sha256(path)),
        )


def _nothing_to_score(folder: RunFolder) -> bool:
    """Return whether an annotation is known to have no CDS."""
    return folder.sorted_gff.exists() and not tells_coding_parts(folder.sorted_gff)


def _predict(
    context: dg.AssetExecutionContext,
    folder: RunFolder,
    chromosomes: list[str],
    asked: AnnotateOptions,
) -> Iterator[tuple[str, Page]]:
    """Do chromosomes of one assembly, which share the loaded model; yields their pages."""
    with leased_gpu():
        began = time.monotonic()
        prediction = predict_pieces(
            folder, chromosomes, asked, ObservedProgress(context), restart=True
        )
        seconds = time.monotonic() - began
    predicted = prediction.journals.completed - prediction.done_before
    speed: Page = {
        "model": asked.model,
        "seconds": round(seconds, 1),
        "regions_per_second": round(predicted / seconds, 3) if seconds > 0 else 0.0,
        "device": prediction.devices or "none: everything was predicted before",
        "precision": prediction.precision or "",
    }
    for chromosome in chromosomes:
        yield chromosome, piece_page(folder, chromosome, scored=asked.task == "score") | speed
