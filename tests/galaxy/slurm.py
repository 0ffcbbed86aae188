"""The sample's Slurm destinations for a real Galaxy, on a Slurm of one node that this machine runs.

Galaxy's Slurm runner speaks to Slurm through a library (DRMAA) that Debian does not have; its
runner for command lines submits the same jobs. It asks ``sacct`` why a job has ended, which reads a
database that is not here; a stand-in answers with what Slurm itself remembers.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.galaxy.containers import sample_destinations

DESTINATION = "slurm"
"""Destination of the sample whose jobs reach their walltime."""

WALLTIME_MINUTES = 1
"""Slurm knows no shorter one."""

_DESTINATIONS = (DESTINATION, "slurm_more_memory")
_SACCT = """\
#!/bin/sh
# sacct -o JobIDRaw,State -P -n -j JOB
for job in "$@"; do :; done
scontrol --oneliner show job "$job" |
    sed -n 's/^JobId=\\([0-9]*\\) .* JobState=\\([A-Z_]*\\) .*/\\1|\\2/p'
"""


@dataclass(frozen=True)
class SlurmForGalaxy:
    """What Galaxy needs to submit jobs to a Slurm.

    Args:
        folder: new folder for Slurm's files; its path must be short enough for a socket's.
    """

    folder: Path

    def write(self) -> None:
        """Make the folder, and the stand-in for ``sacct`` in it."""
        sacct = self.folder / "programs" / "sacct"
        sacct.parent.mkdir(parents=True)
        sacct.write_text(_SACCT)
        sacct.chmod(0o755)

    def environment(self, path: str) -> dict[str, str]:
        """Variables with which a server finds the Slurm.

        Args:
            path: the server's PATH so far.
        """
        return {
            "PATH": f"{self.folder / 'programs'}:{path}",
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            # Galaxy takes a job that squeue does not list for one that ended well.
            "SQUEUE_STATES": "all",
        }

    def destinations(self, programs: Path, runs: Path) -> dict[str, Any]:
        """The sample's destinations on Slurm's processors, with another runner and walltime.

        Args:
            programs: folder of the tool's programs.
            runs: folder that jobs keep what they have done in.
        """
        sample = sample_destinations()
        text = json.dumps({name: sample[name] for name in _DESTINATIONS})
        text = text.replace("/opt/transgenic/bin", str(programs))
        found = json.loads(text.replace("/data/transgenic_runs", str(runs)))
        for destination in found.values():
            del destination["native_specification"]
            destination |= {
                "runner": "cli",
                "shell_plugin": "LocalShell",
                "job_plugin": "Slurm",
                "job_time": str(WALLTIME_MINUTES),
            }
        return found
