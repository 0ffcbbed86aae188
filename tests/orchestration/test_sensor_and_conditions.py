"""What happens without a click: assemblies are reported, and what follows is requested."""

import os
import shutil
import time

import dagster as dg
import pytest

from tests.assemblies import golden_chromosome
from tests.lab.homes import make_home, put, set_options
from tests.orchestration.labs import AFTER, BEFORE, Lab
from transgenic_dagster.lab.memory import QUIET_SECONDS
from transgenic_dagster.orchestration import assets
from transgenic_dagster.orchestration.checks import RESULT_CHECKS
from transgenic_dagster.orchestration.component import TransgenicLab
from transgenic_dagster.orchestration.conditions import MERGED_GFF3, latest_record
from transgenic_dagster.orchestration.launchpad import LabResource
from transgenic_dagster.orchestration.partitions import early_parts

REST = 30.0


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests move; files are written at its beginning."""
    now = [time.time()]
    monkeypatch.setattr("transgenic_dagster.orchestration.sensor.time.time", lambda: now[0])
    return now


class Watcher:
    """The sensors of a lab, tick by tick, and what the daemon does with their answers."""

    def __init__(self, lab, clock, at_once=8):
        self.lab, self.clock, self.cursor = lab, clock, None
        self.definitions = TransgenicLab(
            home=str(lab.home.root), rest_seconds=REST, assemblies_at_once=at_once
        ).definitions(dg.in_process_executor)
        self.conditions = None
        self.by_sensor = {}

    def tick(self):
        """One tick of the sensor; returns its result."""
        context = dg.build_sensor_context(
            instance=self.lab.instance,
            cursor=self.cursor,
            definitions=self.definitions,
            resources={"lab": LabResource(root=str(self.lab.home.root))},
        )
        sensor = self.definitions.get_repository_def().get_sensor_def("assemblies")
        result = sensor(context)
        self.cursor = result.cursor
        for request in result.dynamic_partitions_requests or ():
            name = request.partitions_def_name
            if isinstance(request, dg.AddDynamicPartitionsRequest):
                self.lab.instance.add_dynamic_partitions(name, request.partition_keys)
            else:
                for key in request.partition_keys:
                    self.lab.instance.delete_dynamic_partition(name, key)
        for event in result.asset_events:
            self.lab.instance.report_runless_asset_event(event)
        for run in result.run_requests or ():
            for key in run.asset_selection:
                self.by_sensor.setdefault(key.to_user_string(), []).append(run.partition_key)
        return result

    def reported(self, seconds=REST):
        """Assemblies that are reported after some time."""
        first = self.tick()
        self.clock[0] += seconds
        events = [*first.asset_events, *self.tick().asset_events]
        return [e.partition for e in events if isinstance(e, dg.AssetMaterialization)]

    def problems(self, seconds=REST):
        """What is said to be wrong after some time; None where nothing new is said."""
        first = self.tick()
        self.clock[0] += seconds
        events = [*first.asset_events, *self.tick().asset_events]
        evaluations = [e for e in events if isinstance(e, dg.AssetCheckEvaluation)]
        return evaluations[-1] if evaluations else None

    def requested(self):
        """Partitions that are requested, by asset; the overview has none."""
        by_sensor, self.by_sensor = self.by_sensor, {}
        requested = by_sensor | self._requested()
        return {name: keys for name, keys in requested.items() if name != "overview"}

    def requests_overview(self):
        """Whether the conditions request the overview."""
        return "overview" in self._requested()

    def _requested(self):
        with early_parts():
            found = dg.evaluate_automation_conditions(
                self.definitions, self.lab.instance, cursor=self.conditions
            )
        self.conditions = found.cursor
        by_asset = {
            result.key.to_user_string(): sorted(found.get_requested_partitions(result.key))
            for result in found.results
        }
        return {name: keys for name, keys in by_asset.items() if keys}


@pytest.fixture
def lab(tmp_path):
    return Lab(make_home(tmp_path))


@pytest.fixture
def watcher(lab, clock):
    return Watcher(lab, clock)


def annotate_what_is_requested(watcher):
    """Do what the conditions ask for until they ask for nothing; returns the partitions run."""
    done = []
    for _ in range(6):
        requested = watcher.requested()
        for name in requested.get("region_db", ()):
            watcher.lab.run(BEFORE, name, check=False)
        for pair in requested.get("predictions", ()):
            watcher.lab.run(["predictions"], pair)
        for name in requested.get("merged_gff3", ()):
            watcher.lab.run(AFTER, name)
        for pair in requested.get("input_scores", ()):
            watcher.lab.run(["input_scores"], pair)
        for name in requested.get("score_table", ()):
            watcher.lab.run(["score_table"], name)
        done += [key for keys in requested.values() for key in keys]
    return done


def test_a_new_assembly_is_reported_once_and_annotated_without_a_click(watcher):
    put(watcher.lab.home, "moss")
    assert watcher.requested() == {}
    assert watcher.reported(REST - 1) == []
    assert watcher.reported() == ["moss"]
    assert watcher.requested() == {"sorted_gff": ["moss"], "region_db": ["moss"]}
    watcher.lab.run(BEFORE, "moss")
    pairs = watcher.lab.piece_keys("moss")
    assert watcher.requested() == {"predictions": pairs}
    for pair in pairs[:-1]:
        watcher.lab.run(["predictions"], pair)
    assert watcher.requested() == {"predictions": pairs[-1:]}
    watcher.lab.run(["predictions"], pairs[-1])
    assert watcher.requested() == {"merged_gff3": ["moss"], "reject_report": ["moss"]}
    watcher.lab.run(AFTER, "moss")
    assert watcher.requested() == {}
    assert watcher.reported() == []


def put_one_piece(home, name, folder):
    """Put an assembly that is a single piece into a home."""
    folder.mkdir()
    put(home, name, golden_chromosome(folder))


def test_an_assembly_of_one_piece_is_merged_and_checked_where_it_is_predicted(watcher, tmp_path):
    lab = watcher.lab
    put_one_piece(lab.home, "moss", tmp_path / "moss")
    watcher.reported()
    watcher.requested()
    lab.run(BEFORE, "moss")
    (pair,) = watcher.requested()["predictions"]
    predicted = lab.run(["predictions"], pair)
    made = [(m.asset_key.to_user_string(), m.partition) for m in materializations(predicted)]
    assert made == [("predictions", pair), ("merged_gff3", "moss"), ("reject_report", "moss")]
    checked = predicted.get_asset_check_evaluations()
    merged = latest_record(lab.instance, MERGED_GFF3, "moss")
    assert {one.partition for one in checked} == {"moss"}
    assert {one.target_materialization_data.storage_id for one in checked} == {merged.storage_id}
    assert {one.asset_check_key for one in checked} == {spec.key for spec in RESULT_CHECKS}
    assert watcher.requested() == {}


def test_one_piece_is_merged_by_another_run_where_the_one_that_predicted_it_has_ended_before(
    watcher, tmp_path, monkeypatch
):
    lab = watcher.lab
    monkeypatch.setattr(assets, "_merge", lambda *_: iter(()))
    monkeypatch.setattr(assets, "evaluate_checks", lambda *_: iter(()))
    put_one_piece(lab.home, "moss", tmp_path / "moss")
    watcher.reported()
    watcher.requested()
    lab.run(BEFORE, "moss")
    (pair,) = watcher.requested()["predictions"]
    at_work = dg.DagsterRun(
        "job", status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": pair}
    )
    lab.instance.add_run(at_work)
    lab.run(["predictions"], pair)
    assert watcher.requested() == {}
    lab.instance.report_run_failed(at_work)
    assert watcher.requested() == {"merged_gff3": ["moss"], "reject_report": ["moss"]}


def test_chromosomes_that_are_predicted_again_together_are_merged_once(watcher):
    lab = watcher.lab
    put(lab.home, "moss")
    watcher.reported()
    annotate_what_is_requested(watcher)
    first, *_, last = lab.piece_keys("moss")
    at_work = dg.DagsterRun(
        "job", status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": last}
    )
    lab.instance.add_run(at_work)
    lab.run(["predictions"], first)
    assert "merged_gff3" not in watcher.requested()
    lab.instance.report_run_failed(at_work)
    assert watcher.requested()["merged_gff3"] == ["moss"]


def materializations(result):
    """Materializations of a run, in their order."""
    events = [event for event in result.all_events if event.is_step_materialization]
    return [event.step_materialization_data.materialization for event in events]


def test_pairs_that_do_not_exist_are_not_requested(watcher):
    put(watcher.lab.home, "moss")
    put(watcher.lab.home, "fern")
    genome = watcher.lab.home.assembly("fern").genome
    genome.write_text(genome.read_text().replace("a6144", "other"))
    genes = watcher.lab.home.assembly("fern").genes
    genes.write_text(genes.read_text().replace("a6144", "other"))
    assert watcher.reported() == ["fern", "moss"]
    requested = annotate_what_is_requested(watcher)
    assert "fern|other" in requested
    assert not {"moss|other", "fern|a6144"} & set(requested)
    assert watcher.lab.home.results("fern").gff3.exists()
    assert requested.count("moss") == requested.count("fern") == 4


def test_touched_files_change_nothing_but_changed_content_is_annotated_again(watcher):
    put(watcher.lab.home, "moss")
    watcher.reported()
    annotate_what_is_requested(watcher)
    genes = watcher.lab.home.assembly("moss").genes
    os.utime(genes)
    assert watcher.reported() == ["moss"]
    assert annotate_what_is_requested(watcher) == ["moss", "moss"]  # its files are read
    genes.write_text(genes.read_text().replace("ID=a6144", "ID=renamed"))
    watcher.clock[0] += 2 * QUIET_SECONDS
    assert watcher.reported() == ["moss"]
    assert set(annotate_what_is_requested(watcher)) == {"moss", *watcher.lab.piece_keys("moss")}
    assert '"renamed"' in watcher.lab.home.results("moss").rejects.read_text()


def test_options_of_the_lab_reach_the_assemblies_that_do_not_override_them(watcher):
    home = watcher.lab.home
    put(home, "moss")
    put(home, "fern")
    home.assembly("fern").options_file.write_text("num_beams: 3\n")
    watcher.reported()
    annotate_what_is_requested(watcher)
    set_options(home, num_beams=1)
    assert watcher.reported() == ["moss"]
    assert "moss|a6144" in annotate_what_is_requested(watcher)
    assert '"num_beams": "1"' in home.results("moss").gff3.read_text()


def test_files_that_are_asked_for_later_are_made_without_predicting_again(watcher):
    home = watcher.lab.home
    put(home, "moss")
    watcher.reported()
    annotate_what_is_requested(watcher)
    set_options(home, cds=True, index=True)
    assert watcher.reported() == ["moss"]
    assert annotate_what_is_requested(watcher) == ["moss"] * 4
    assert (home.run("moss").root / "cds.fa").exists()
    assert watcher.reported() == []
    assert watcher.requested() == {}


def put_coding(home, name):
    """Put an assembly whose genes have CDS into a home."""
    put(home, name)
    genes = home.assembly(name).genes
    rows = genes.read_text().splitlines()
    for row in rows[1:]:
        gene_id = row.rpartition("ID=")[2]
        more = [f"ID={gene_id}.1;Parent={gene_id}", f"Parent={gene_id}.1"]
        for kind, phase, attributes in zip(("mRNA", "CDS"), ".0", more, strict=True):
            columns = row.split("\t")
            columns[2], columns[7], columns[8] = kind, phase, attributes
            rows.append("\t".join(columns))
    genes.write_text("\n".join(rows) + "\n")


def test_genes_with_cds_are_scored_where_the_options_ask_for_it(watcher):
    home = watcher.lab.home
    put(home, "bare")
    put_coding(home, "fern")
    put_coding(home, "moss")
    home.assembly("fern").options_file.write_text("score_input: false\n")
    set_options(home, score_input=True)
    assert watcher.reported() == ["bare", "fern", "moss"]
    for name in ("bare", "fern", "moss"):
        watcher.lab.run(BEFORE, name)
    pairs = watcher.lab.piece_keys("moss")
    assert watcher.requested()["input_scores"] == pairs
    for pair in pairs:
        watcher.lab.run(["input_scores"], pair)
    assert watcher.requested()["score_table"] == ["moss"]
    watcher.lab.run(["score_table"], "moss")
    assert home.scores("moss").scores.read_text().count("\tgene\t") == len(pairs)
    assert not {"input_scores", "score_table"} & watcher.requested().keys()


def test_scores_that_are_asked_for_later_predict_nothing_again(watcher):
    home = watcher.lab.home
    put_coding(home, "moss")
    watcher.reported()
    annotate_what_is_requested(watcher)
    assert not home.scores("moss").scores.exists()
    set_options(home, score_input=True)
    watcher.clock[0] += 2 * QUIET_SECONDS
    assert watcher.reported() == ["moss"]
    done = annotate_what_is_requested(watcher)
    assert sorted(done) == ["moss", "moss", "moss", *watcher.lab.piece_keys("moss")]
    assert home.scores("moss").scores.exists()


def test_a_failed_step_is_requested_once(watcher):
    put(watcher.lab.home, "moss")
    watcher.lab.home.assembly("moss").genome.write_text("this is not FASTA\n")
    assert watcher.reported() == ["moss"]
    assert annotate_what_is_requested(watcher) == ["moss", "moss"]


def test_files_that_grow_after_a_pause_are_not_complete(watcher):
    put(watcher.lab.home, "moss")
    assert watcher.reported(20) == []
    with watcher.lab.home.assembly("moss").genome.open("a") as handle:
        handle.write(">more\nACGT\n")
    os.utime(watcher.lab.home.assembly("moss").genome, (watcher.clock[0], watcher.clock[0]))
    assert watcher.reported(20) == []
    assert watcher.reported() == ["moss"]


def test_so_many_assemblies_at_once(lab, clock):
    watcher = Watcher(lab, clock, at_once=2)
    for name in ("a", "b", "c", "d", "e"):
        put(lab.home, name)
    assert watcher.reported() == ["a", "b"]
    assert watcher.reported(1) == []
    annotate_what_is_requested(watcher)
    for name, seconds in (("a", 1), ("b", -1000)):  # as if b had none that is new
        os.utime(lab.home.results(name).gff3, (clock[0] + seconds, clock[0] + seconds))
    assert watcher.reported(1) == ["c"]
    # The others have no run any more, whatever became of them.
    assert watcher.reported(QUIET_SECONDS + 1) == ["d", "e"]


def test_an_assembly_that_is_gone_takes_its_partitions_along(watcher):
    home, instance = watcher.lab.home, watcher.lab.instance
    put(home, "moss")
    put(home, "fern")
    watcher.reported()
    annotate_what_is_requested(watcher)
    for folder in (home.assembly("moss").path, home.run("moss").root):
        shutil.rmtree(folder)
    watcher.tick()
    assert instance.get_dynamic_partitions("assembly") == ["fern"]
    assert watcher.requested() == {}
    put(home, "moss")
    assert watcher.reported() == ["moss"]
    assert "moss|a6144" in annotate_what_is_requested(watcher)


def test_chromosomes_that_no_assembly_has_go(watcher):
    put(watcher.lab.home, "moss")
    watcher.reported()
    watcher.lab.run(BEFORE, "moss")
    instance = watcher.lab.instance
    instance.add_dynamic_partitions("chromosome", ["unplaced-77"])
    watcher.tick()
    assert sorted(instance.get_dynamic_partitions("chromosome")) == [
        key.partition("|")[2] for key in watcher.lab.piece_keys("moss")
    ]


def test_a_lost_cursor_reports_nothing_twice(watcher):
    put(watcher.lab.home, "moss")
    assert watcher.reported() == ["moss"]
    watcher.cursor = None
    assert watcher.reported() == []


def test_what_is_wrong_is_a_red_check_said_once_and_hides_nothing(watcher):
    home = watcher.lab.home
    put(home, "moss")
    for name in ("bad name", "lonely", "twice", "pipe", "folder", "bomb", "deep", "typo", "device"):
        put(home, "good")
        home.assembly("good").path.rename(home.assemblies / name)
    (home.assemblies / "lonely" / "genes.gff3").unlink()
    shutil.copy(home.assemblies / "twice" / "genome.fa", home.assemblies / "twice" / "genome.fasta")
    (home.assemblies / "pipe" / "genome.fa").unlink()
    os.mkfifo(home.assemblies / "pipe" / "genome.fa")
    (home.assemblies / "folder" / "options.yaml").mkdir()
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    (home.assemblies / "bomb" / "options.yaml").write_text(bomb)
    (home.assemblies / "deep" / "options.yaml").write_text("a: " + "[" * 5000 + "]" * 5000)
    (home.assemblies / "typo" / "options.yaml").write_text("num_beems: 2\n")
    (home.assemblies / "device" / "options.yaml").symlink_to("/dev/zero")
    said = watcher.problems()
    assert not said.passed
    for name, sentence in (
        ("bad name", "cannot be the name of an assembly"),
        ("lonely", "has no genes"),
        ("twice", "has genome.fa and genome.fasta; remove one of them"),
        ("pipe", "is not a regular file"),
        ("folder", "is not a regular file"),
        ("bomb", "an alias"),
        ("deep", "write one option per line"),
        ("typo", "num_beems is not an option; remove it"),
        ("device", "is not a regular file"),
    ):
        assert sentence in said.metadata[name].value, name
    assert "moss" in watcher.lab.instance.get_dynamic_partitions("assembly")
    again = watcher.problems()
    assert again is None, {k: v for k, v in again.metadata.items() if said.metadata.get(k) != v}
    for path in home.assemblies.iterdir():
        if path.name != "moss":
            shutil.rmtree(path)
    assert watcher.problems().passed


def test_a_typo_in_the_labs_options_starts_nothing_and_is_a_red_check(watcher):
    put(watcher.lab.home, "moss")
    watcher.lab.home.options_file.write_text("num_beems: 2\n")
    said = watcher.problems()
    assert "num_beems is not an option" in said.description
    assert watcher.lab.instance.get_dynamic_partitions("assembly") == []
    Watcher(watcher.lab, watcher.clock)  # definitions load all the same
