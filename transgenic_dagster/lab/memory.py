"""What a lab remembers of its assemblies from look to look, and which are annotated now."""

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from transgenic_dagster.lab.arrivals import Arrivals, Sighting, Signature
from transgenic_dagster.lab.options import SCORE_INPUT, assembly_options, scores_input
from transgenic_dagster.lab.wanted_files import wanted_files
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.run.fingerprint import code_version

QUIET_SECONDS = 45.0
"""An assembly without a run for that long is not being annotated."""


@dataclass
class Memory:
    """Memory of the sensor between ticks: its cursor.

    Args:
        sightings: state of the files, by assembly.
        reported: versions of the assemblies that were reported.
        active: times when assemblies that are being annotated were reported, and last had a run.
        problems: what is wrong, by name of the folder, as it was last reported.
    """

    sightings: dict[str, Sighting] = field(default_factory=dict)
    reported: dict[str, str] = field(default_factory=dict)
    active: dict[str, list[float]] = field(default_factory=dict)
    problems: dict[str, str] | None = None

    @classmethod
    def of(cls, cursor: str | None) -> "Memory":
        """Read a cursor; None at the first tick."""
        values: dict[str, Any] = json.loads(cursor) if cursor else {}
        sightings = values.pop("sightings", {})
        return cls({name: Sighting(**seen) for name, seen in sightings.items()}, **values)

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    def choose(
        self,
        home: Home,
        arrivals: Arrivals,
        known: Collection[str],
        at_once: int,
        now: float,
        reported_before: Callable[[str], str | None],
    ) -> dict[str, str]:
        """Versions of the assemblies that are to be annotated now, and are remembered as such.

        Args:
            home: the home.
            arrivals: what a look has found; is told who waits, and whose options are wrong.
            known: assemblies that were reported.
            at_once: so many may be annotated at once.
            now: time in seconds.
            reported_before: version in which a known assembly was reported.
        """
        chosen: dict[str, str] = {}
        for name, signature in arrivals.at_rest.items():
            try:
                version = version_of(home, name, signature)
            except Exception as error:  # whatever is in the file: its run fails and says so
                arrivals.problems[name] = str(error)
                version = json.dumps([signature, str(error)])
            if name in known and name not in self.reported:  # the cursor was reset
                self.reported[name] = reported_before(name) or ""
            if name in known and self.reported.get(name) == version:
                continue
            if name not in self.active and len(self.active) >= at_once:
                arrivals.waiting.append(f"{name}: waiting until another assembly is annotated.")
                continue
            self.active[name] = [now, now]
            self.reported[name] = chosen[name] = version
        return chosen

    def end_activity(self, home: Home, busy: Collection[str], now: float) -> None:
        """Forget that assemblies are active which have their annotation, or no run any more.

        Args:
            home: the home.
            busy: assemblies that have runs.
            now: time in seconds.
        """
        for name, (reported, last_run) in list(self.active.items()):
            gff3 = home.results(name).gff3
            if name in busy:
                self.active[name] = [reported, now]
            elif now - last_run > QUIET_SECONDS or (
                gff3.exists() and gff3.stat().st_mtime > reported
            ):
                del self.active[name]

    def forget(self, name: str) -> None:
        """Forget an assembly that is gone."""
        for remembered in (self.reported, self.active):
            remembered.pop(name, None)


def version_of(home: Home, name: str, signature: Signature) -> str:
    """Version of an assembly whose files were seen in a state, with its model and options.

    Raises:
        TransgenicError: its options are wrong.
    """
    inputs = home.assembly(name)
    scored = [SCORE_INPUT] if scores_input(home, inputs) else []
    options = assembly_options(home, inputs)
    return json.dumps([signature, code_version(options), *scored, *wanted_files(options)])
