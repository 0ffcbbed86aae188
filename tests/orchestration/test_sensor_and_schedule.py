"""What is launched without a click: by the sensor, the schedule and the conditions."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from tests.lab.homes import make_home, put, registered, set_options
from tests.orchestration.labs import AFTER, BEFORE, Lab
from transgenic_dagster.lab.init import write_lab
from transgenic_dagster.lab.registry import read_registry, registry_to_change
from transgenic_dagster.lab.scan import STABLE_SECONDS, read_assembly


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests move."""
    now = [1_000_000.0]
    monkeypatch.setattr("transgenic_dagster.orchestration.sensor.time.time", lambda: now[0])
    return now


@pytest.fixture
def reloads(monkeypatch):
    """Counts requests to load the definitions again."""
    seen = []
    monkeypatch.setattr("transgenic_dagster.orchestration.sensor._reload", seen.append)
    return seen


def sensor(definitions, name):
    return definitions.get_repository_def().get_sensor_def(name)


def weekly(definitions):
    return definitions.get_repository_def().get_schedule_def("weekly_reannotation")


class Watcher:
    """The sensor of a lab, tick by tick; loads the definitions again when it asks for it."""

    def __init__(self, lab, clock, reloads):
        self.lab, self.clock, self.reloads, self.cursor = lab, clock, reloads, None

    def tick(self):
        asked = len(self.reloads)
        definitions = self.lab.definitions
        context = dg.build_sensor_context(
            instance=self.lab.instance,
            cursor=self.cursor,
            repository_def=definitions.get_repository_def(),
            sensor_name="new_assemblies",
        )
        with context:
            data = sensor(definitions, "new_assemblies").evaluate_tick(context)
        self.cursor = data.cursor
        self.clock[0] += STABLE_SECONDS
        if len(self.reloads) > asked:
            self.lab.load()
        self.said = data.skip_message or ""
        return [request.partition_key for request in data.run_requests or []]


@pytest.fixture
def watcher(tmp_path, clock, reloads):
    return Watcher(Lab(make_home(tmp_path)), clock, reloads)


def test_a_new_assembly_is_launched_once(watcher):
    assert watcher.tick() == []
    put(watcher.lab.home, "moss", register=False)
    assert watcher.tick() == []
    assert watcher.said == "moss: waiting for files to stop changing."
    assert watcher.tick() == []
    assert len(watcher.reloads) == 1
    assert watcher.tick() == ["moss"]
    assert [watcher.tick() for _ in range(3)] == [[], [], []]
    assert len(watcher.reloads) == 1


def test_changed_content_is_launched_again_even_where_it_goes_back(watcher):
    home = watcher.lab.home
    put(home, "moss")
    watcher.lab.load()
    assert watcher.tick() == ["moss"]
    genes = home.assembly("moss").genes
    first = genes.read_text()
    for text in (first + "# more\n", first):
        genes.write_text(text)
        launched = [watcher.tick() for _ in range(4)]
        assert launched.count(["moss"]) == 1


def test_touched_files_launch_nothing(watcher):
    put(watcher.lab.home, "moss")
    watcher.lab.load()
    assert watcher.tick() == ["moss"]
    watcher.lab.home.assembly("moss").genome.touch()
    assert [watcher.tick() for _ in range(4)] == [[], [], [], []]
    assert not watcher.reloads


def test_a_broken_assembly_is_launched_alone_and_fails_with_its_reason(watcher):
    home = watcher.lab.home
    put(home, "broken", register=False)
    home.assembly("broken").genome.write_text("no FASTA\n")
    put(home, "good", register=False)
    launched = [name for _ in range(10) for name in watcher.tick()]
    assert sorted(launched) == ["broken", "good"]
    result = watcher.lab.run(BEFORE, "broken", check=False)
    assert not result.success
    assert "is not a FASTA file" in str(result.get_step_failure_events()[0].step_failure_data)


def test_a_broken_home_is_said_and_launches_nothing(watcher):
    watcher.lab.home.options_file.write_text("num_beams: many\n")
    assert watcher.tick() == []
    assert "--num_beams" in watcher.said


def test_an_assembly_put_there_by_init_waits_for_a_click(tmp_path, clock, reloads):
    lab = Lab(write_lab(tmp_path / "lab"))
    watcher = Watcher(lab, clock, reloads)
    assert [watcher.tick() for _ in range(3)] == [[], [], []]


def scheduled(lab):
    """Assemblies that the weekly schedule launches."""
    context = dg.build_schedule_context(
        instance=lab.instance,
        scheduled_execution_time=datetime(2030, 1, 6, 3, tzinfo=UTC),
        repository_def=lab.definitions.get_repository_def(),
    )
    with context:
        data = weekly(lab.definitions).evaluate_tick(context)
    return [request.partition_key for request in data.run_requests or []]


def test_the_schedule_launches_what_is_stale(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    put(home, "fern")
    lab = Lab(home)
    assert scheduled(lab) == ["fern", "moss"]
    lab.annotate("moss")
    assert scheduled(lab) == ["fern"]
    set_options(home, num_beams=3)
    assert scheduled(lab) == ["fern", "moss"]
    set_options(home)
    genes = home.assembly("moss").genes
    genes.write_text(genes.read_text() + "# changed\n")
    registered(home, "moss")
    lab.load()
    assert scheduled(lab) == ["fern", "moss"]


def test_sensors_and_schedule_run_from_the_start(tmp_path):
    definitions = Lab(make_home(tmp_path)).definitions
    running = dg.DefaultSensorStatus.RUNNING
    assert sensor(definitions, "new_assemblies").default_status == running
    assert sensor(definitions, "annotate_what_is_stale").default_status == running
    schedule = weekly(definitions)
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.cron_schedule == "0 3 * * 0"


class Automation:
    """The automation conditions of a lab, tick by tick."""

    def __init__(self, lab):
        self.lab, self.cursor = lab, None

    def tick(self):
        """Partitions that are requested, by asset."""
        result = dg.evaluate_automation_conditions(
            defs=self.lab.definitions,
            instance=self.lab.instance,
            asset_selection=dg.AssetSelection.all(),
            cursor=self.cursor,
        )
        self.cursor = result.cursor
        names = ("predictions", *AFTER)
        requested = {
            name: sorted(result.get_requested_partitions(dg.AssetKey(name))) for name in names
        }
        return {name: keys for name, keys in requested.items() if keys}


def test_conditions_predict_and_merge_what_is_new(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    automation = Automation(lab)
    assert automation.tick() == {}
    lab.run(BEFORE, "moss")
    keys = lab.piece_keys("moss")
    assert automation.tick() == {"predictions": sorted(keys)}
    assert automation.tick() == {}
    for key in keys[:-1]:
        lab.run(["predictions"], key)
    assert automation.tick() == {}
    lab.run(["predictions"], keys[-1])
    assert automation.tick() == {"merged_gff3": ["moss"], "reject_report": ["moss"]}
    lab.run(AFTER, "moss")
    assert automation.tick() == {}


def test_conditions_follow_a_new_assembly_through_a_reload(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    lab.annotate("moss")
    automation = Automation(lab)
    automation.tick()
    put(home, "fern")
    lab.load()
    lab.run(BEFORE, "fern")
    assert automation.tick() == {"predictions": sorted(lab.piece_keys("fern"))}


def test_another_model_revision_makes_predictions_stale_and_has_them_made_again(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    automation = Automation(lab)
    lab.annotate("moss")
    assert automation.tick() == {}
    before = lab.definitions.get_assets_def("predictions").code_versions_by_key
    set_options(home, revision="v2")
    lab.load()
    assert lab.definitions.get_assets_def("predictions").code_versions_by_key != before
    assert automation.tick() == {"predictions": sorted(lab.piece_keys("moss"))}


def test_an_assembly_without_pieces_is_never_merged(tmp_path):
    home = make_home(tmp_path)
    put(home, "broken")
    home.assembly("broken").genome.write_text("no FASTA\n")
    with registry_to_change(home) as registry:
        registry["broken"], _ = read_assembly(home, home.assembly("broken"), registry["broken"])
    assert read_registry(home)["broken"].pieces == ()
    automation = Automation(Lab(home))
    assert [automation.tick(), automation.tick()] == [{}, {}]
