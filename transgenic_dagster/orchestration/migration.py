"""Migration of a lab of an earlier release; nothing is predicted again."""

from collections.abc import Iterator

import dagster as dg

from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.lab.arrivals import signature_of
from transgenic_dagster.lab.earlier_release import KEPT, read_earlier_home
from transgenic_dagster.lab.options import assembly_options
from transgenic_dagster.lab.pieces import Pieces, pieces_version, write_pieces
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.conditions import MADE_FROM
from transgenic_dagster.orchestration.history import opened_instance, remember, retell
from transgenic_dagster.orchestration.sensor import arrival_of, version_of
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.stages import fingerprint_of_regions


def migrate(home: Home) -> Iterator[str]:
    """Bring a home up to date; yields lines that tell what is done.

    Assemblies whose files have changed since, or that have no regions yet, are left to the sensor.

    Raises:
        TransgenicError: the home is not one of an earlier release, or has no Dagster instance.
    """
    earlier = read_earlier_home(home)
    for name in earlier.update_settings():
        yield f"{name} has been edited and stays; compare it with that of a new lab."
    with opened_instance(home) as instance:
        for name in earlier.unchanged:
            try:
                known = _migrate_assembly(instance, home, name)
            except (TransgenicError, OSError) as error:
                yield f"{name} will be looked at as a new assembly ({error})"
                continue
            yield f"{name}: {'its results are known' if known else 'it waits for its regions'}"
    earlier.finish()
    yield f"{home.root} is up to date; what was replaced is in {home.root / KEPT}."


def _migrate_assembly(instance: dg.DagsterInstance, home: Home, name: str) -> bool:
    """Tell Dagster what it knew of an assembly; returns False where it has no regions yet."""
    folder, inputs = home.run(name), home.assembly(name)
    if not folder.region_db.exists():
        return False
    with RegionDb(folder.region_db) as database:
        regions, _ = fingerprint_of_regions(database)
        names = tuple(database.pieces())
    version = pieces_version(regions, assembly_options(home, inputs))
    write_pieces(folder, Pieces(names, version))
    seen = version_of(home, name, signature_of(inputs.states()))
    instance.report_runless_asset_event(arrival_of(home, name, seen))
    retell(instance, name, name, {}, {MADE_FROM: version})
    remember(instance, home, name)
    return True
