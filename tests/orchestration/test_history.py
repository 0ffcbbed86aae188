"""Assemblies that are renamed, removed or migrated: what Dagster knows of them, and asks for."""

import json
from contextlib import nullcontext

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from tests.lab.homes import make_home, put
from tests.orchestration.labs import AFTER, BEFORE, Lab
from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.lab.arrivals import signature_of
from transgenic_dagster.lab.memory import version_of
from transgenic_dagster.lab.moves import moved_paths, remove_assembly, renamed_assembly
from transgenic_dagster.lab.pieces import PIECES_FILE, read_pieces
from transgenic_dagster.orchestration import history
from transgenic_dagster.orchestration.checks import RESULT_CHECKS
from transgenic_dagster.orchestration.history import forget, opened_instance, remember, retell
from transgenic_dagster.orchestration.partitions import ASSEMBLY, CHROMOSOME, early_parts
from transgenic_dagster.orchestration.sensor import arrival_of


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A lab with an annotated assembly, as the sensor and the conditions make it."""
    monkeypatch.setenv("TRANSGENIC_LEASES", str(tmp_path / "leases"))
    lab = Lab(make_home(tmp_path))
    put(lab.home, "moss")
    report(lab, "moss")
    lab.annotate("moss")
    return lab


def report(lab, name):
    version = version_of(lab.home, name, signature_of(lab.home.assembly(name).states()))
    lab.instance.report_runless_asset_event(arrival_of(lab.home, name, version))


def rename(lab, old, new):
    with renamed_assembly(lab.home, old, new):
        retell(lab.instance, old, new, moved_paths(lab.home, old, new))
    remember(lab.instance, lab.home, new)
    forget(lab.instance, old)


def requested(lab, cursor=None):
    with early_parts():
        return dg.evaluate_automation_conditions(lab.definitions, lab.instance, cursor=cursor)


def latest(lab, asset, partition):
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[partition])
    records = lab.instance.fetch_materializations(wanted, limit=1).records
    return records[0].asset_materialization if records else None


def test_a_renamed_assembly_is_known_and_nothing_is_requested(lab):
    pairs, before = lab.piece_keys("moss"), requested(lab)
    made_from = latest(lab, "predictions", pairs[0]).metadata["made_from"]
    rename(lab, "moss", "fern")
    assert lab.instance.get_dynamic_partitions(ASSEMBLY) == ["fern"]
    for asset in (ASSEMBLY, *BEFORE, *AFTER):
        made = latest(lab, asset, "fern")
        paths = [v.path for v in made.metadata.values() if isinstance(v, dg.PathMetadataValue)]
        assert paths
        assert all("/fern/" in path and "/moss/" not in path for path in paths)
    for pair in lab.piece_keys("fern"):
        assert latest(lab, "predictions", pair).metadata["made_from"] == made_from
    assert len(lab.piece_keys("fern")) == len(pairs)
    for spec in RESULT_CHECKS:
        history = lab.instance.event_log_storage.get_asset_check_execution_history(spec.key, 10)
        found = {r.evaluation.partition: r.evaluation for r in history if r.evaluation}
        assert found["fern"].passed == found["moss"].passed
        assert found["fern"].description.startswith("fern: ")
    # At most the overview is made again.
    assert requested(lab, before.cursor).total_requested <= 1
    assert requested(lab).total_requested <= 1


def test_checks_that_did_not_come_to_a_result_are_not_told_again(lab):
    regions = lab.home.run("moss").region_db
    aside = regions.rename(regions.with_suffix(".aside"))
    assert not lab.run(AFTER, "moss", check=False).success
    aside.rename(regions)
    rename(lab, "moss", "fern")
    for spec in RESULT_CHECKS:
        history = lab.instance.event_log_storage.get_asset_check_execution_history(spec.key, 10)
        assert history[0].evaluation.partition == "fern"
        assert history[1].status == AssetCheckExecutionRecordStatus.PLANNED


def test_an_assembly_can_be_renamed_again_and_again(lab):
    for old, new in (("moss", "fern"), ("fern", "moss"), ("moss", "fern"), ("fern", "moss")):
        rename(lab, old, new)
        for spec in RESULT_CHECKS:
            history = lab.instance.event_log_storage.get_asset_check_execution_history(spec.key, 10)
            assert [r.evaluation.description for r in history if r.evaluation.partition == new]


def test_news_of_a_renamed_assembly_are_followed(lab):
    rename(lab, "moss", "fern")
    report(lab, "fern")
    assert requested(lab).total_requested > 0


def test_nothing_is_requested_for_a_removed_assembly(lab):
    before = requested(lab)
    remove_assembly(lab.home, "moss")
    forget(lab.instance, "moss")
    assert lab.instance.get_dynamic_partitions(ASSEMBLY) == []
    assert requested(lab, before.cursor).total_requested <= 1


@pytest.fixture
def earlier(lab, monkeypatch):
    """The lab as an earlier release would have left it: a registry, no partitions."""
    home, instance = lab.home, lab.instance
    (home.run("moss").root / PIECES_FILE).unlink()
    states = home.assembly("moss").states()
    signature = {n: [s.st_size, s.st_mtime_ns, s.st_ino] for n, s in states.items()}
    entry = {"pieces": [], "digests": {}, "signature": signature, "generation": 1}
    registry = {"format": 1, "assemblies": {"moss": entry}}
    (home.root / "registry.json").write_text(json.dumps(registry))
    forget(instance, "moss")
    for chromosome in instance.get_dynamic_partitions(CHROMOSOME):
        instance.delete_dynamic_partition(CHROMOSOME, chromosome)
    monkeypatch.setattr(history, "opened_instance", lambda _: nullcontext(instance))
    return lab


def test_a_lab_of_an_earlier_release_keeps_its_results(earlier):
    lines = list(history.migrate(earlier.home))
    assert lines[0] == "moss: its results are known"
    assert earlier.instance.get_dynamic_partitions(ASSEMBLY) == ["moss"]
    names = read_pieces(earlier.home.run("moss")).names
    assert sorted(earlier.instance.get_dynamic_partitions(CHROMOSOME)) == sorted(names)
    assert requested(earlier).total_requested <= 1
    kept = earlier.home.root / ".before-migration"
    assert [path.name for path in kept.iterdir()] == ["registry.json"]
    assert (earlier.home.root / "pyproject.toml").exists()


def test_a_changed_assembly_of_an_earlier_release_is_left_to_the_sensor(earlier):
    genes = earlier.home.assembly("moss").genes
    genes.write_text(genes.read_text() + "# more\n")
    list(history.migrate(earlier.home))
    assert earlier.instance.get_dynamic_partitions(ASSEMBLY) == []


def test_settings_that_were_edited_stay(earlier):
    settings = earlier.home.root / "dagster.yaml"
    settings.write_text("telemetry:\n  enabled: true\n")
    lines = list(history.migrate(earlier.home))
    assert "dagster.yaml has been edited and stays" in lines[0]
    assert settings.read_text() == "telemetry:\n  enabled: true\n"


def test_a_home_that_is_up_to_date_is_not_migrated(lab):
    with pytest.raises(TransgenicError, match="there is nothing to migrate"):
        list(history.migrate(lab.home))


def test_a_home_without_dagster_says_what_is_missing(lab, monkeypatch):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    refused = pytest.raises(TransgenicError, match=r"has no dagster\.yaml")
    with refused, opened_instance(lab.home):
        pass
