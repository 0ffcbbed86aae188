"""Runs a Galaxy server with our tool, in a folder of its own, and stops it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.galaxy.containers import RUNTIMES, Containers
from tests.galaxy.fake_hub import running_hub
from tests.galaxy.form import TOOL, TOOL_FOLDER
from tests.galaxy.renamed_tool import renamed_id, write_renamed_tool
from tests.galaxy.slurm import DESTINATION as SLURM
from tests.galaxy.slurm import SlurmForGalaxy
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS

STOP_LIMIT = 30
EMAIL, USER, PASSWORD = "biologist@example.org", "biologist", "re-annotate"
_BOOTSTRAP_KEY = "bootstrap"
_DESTINATIONS_OF_THE_SAMPLE = (*RUNTIMES, SLURM)
"""Those that have a tool of their own."""


@dataclass(frozen=True)
class Destination:
    """What a job gets: threads, and megabytes of memory."""

    slots: int
    memory_mb: int

    def settings(self, programs: Path, **variables: str) -> dict[str, object]:
        """Galaxy's configuration of it.

        Args:
            programs: comes first on its PATH.
            variables: further ones of its jobs.
        """
        given = {"GALAXY_MEMORY_MB": str(self.memory_mb), **variables}
        return {
            "runner": "local",
            "local_slots": self.slots,
            "env": [
                {"name": "PATH", "value": f"{programs}:$PATH", "raw": True},
                *({"name": name, "value": value} for name, value in given.items()),
            ],
        }


FIRST = Destination(slots=1, memory_mb=3000)
AFTER_OUT_OF_MEMORY = Destination(slots=2, memory_mb=6000)

_TOOL_CONF = """\
<toolbox>
    <section id="annotation" name="Annotation">{tools}</section>
</toolbox>
"""


@dataclass(frozen=True)
class Galaxy:
    """A running server.

    Args:
        url: its address.
        key: API key of an administrator.
        folder: holds everything it writes.
        secluded: whether jobs run without network and see other folders read-only.
        containers: what jobs in containers need.
        slurm: what jobs on Slurm need.
    """

    url: str
    key: str
    folder: Path
    secluded: bool
    containers: Containers
    slurm: SlurmForGalaxy

    def jobs_folder(self) -> Path:
        """Folder of all job folders."""
        return self.folder / "data" / "jobs_directory"

    def runs_folder(self) -> Path:
        """Folder in which jobs keep what they have done, for a next attempt."""
        return _runs_folder(self.folder)


@contextmanager
def running_galaxy(programs: Path, folder: Path, port: int) -> Iterator[Galaxy]:
    """Start a server and stop it at the end.

    Args:
        programs: ``bin`` folder of Galaxy's environment.
        folder: new folder for its configuration, database, jobs and log.
        port: to listen on, at 127.0.0.1; 0 takes a free one.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    shims = folder / "programs"
    secluded = _write_shims(shims)
    containers = Containers(folder.with_name("outside"), shims)
    containers.write()
    slurm = SlurmForGalaxy(folder.with_name("slurm"))
    slurm.write()
    log = folder / "galaxy.log"
    # What Galaxy itself keeps in a home goes there too, so that anything elsewhere is the tool's.
    environment = {
        **slurm.environment(os.environ["PATH"]),
        "HOME": str(folder / "server_home"),
        "TMPDIR": str(folder / "server_tmp"),
        "LANG": "C.UTF-8",
    }
    for name in ("HOME", "TMPDIR"):
        Path(environment[name]).mkdir()
    with running_hub() as hub, log.open("wb") as output:
        _write_configuration(folder, url, containers, slurm, hub)
        process = subprocess.Popen(
            [programs / "galaxy-web", "-c", folder / "galaxy.yml", "-b", f"127.0.0.1:{port}"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_up(process, url, log)
            yield Galaxy(url, _make_user(url), folder, secluded, containers, slurm)
        finally:
            _stop(process)


def _runs_folder(folder: Path) -> Path:
    return folder / "data" / "transgenic_runs"


def _write_configuration(
    folder: Path, url: str, containers: Containers, slurm: SlurmForGalaxy, hub: str
) -> None:
    """Write Galaxy's configuration files."""
    tables = (_write_tables(folder / "tool-data"), containers.tables)
    settings = {
        "config_dir": str(folder / "config"),
        "data_dir": str(folder / "data"),
        "database_connection": f"sqlite:///{folder}/galaxy.sqlite?isolation_level=IMMEDIATE",
        "tool_config_file": str(folder / "tool_conf.xml"),
        "job_config_file": str(folder / "job_conf.yml"),
        "tool_data_table_config_path": ",".join(map(str, tables)),
        "data_manager_config_file": str(TOOL_FOLDER / "data_manager_conf.xml"),
        "galaxy_data_manager_data_path": str(folder / "data" / "fetched"),
        "id_secret": "only for tests",
        "bootstrap_admin_api_key": _BOOTSTRAP_KEY,
        "admin_users": EMAIL,
        "galaxy_infrastructure_url": url,
        "cleanup_job": "never",
        "brand": "transgenic-dagster",
        "sanitize_allowlist_file": str(folder / "sanitize_allowlist.txt"),
        **dict.fromkeys(
            (
                "conda_auto_init",
                "conda_auto_install",
                "enable_mulled_containers",
                "use_cached_dependency_manager",
                "enable_celery_tasks",
                "watch_tools",
                "enable_tool_shed_check",
            ),
            False,
        ),
    }
    for name in ("config", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "sanitize_allowlist.txt").write_text(f"{TOOL.stem}\n")
    # JSON is YAML.
    (folder / "galaxy.yml").write_text(json.dumps({"galaxy": settings}, indent=1))
    renamed = (
        write_renamed_tool(name, folder / "tools" / name) for name in _DESTINATIONS_OF_THE_SAMPLE
    )
    tools = (TOOL, *renamed)
    (folder / "tool_conf.xml").write_text(
        _TOOL_CONF.format(tools="".join(f'<tool file="{tool}"/>' for tool in tools))
    )
    runs = _runs_folder(folder)
    runs.mkdir()
    jobs = _job_configuration(containers, slurm, hub, runs)
    (folder / "job_conf.yml").write_text(json.dumps(jobs, indent=1))


def _write_tables(folder: Path) -> Path:
    """Write copies of the tables, for the data manager to add to; return their configuration."""
    folder.mkdir()
    test_data = TOOL_FOLDER / "test-data"
    for table in test_data.glob("*.loc"):
        (folder / table.name).write_text(table.read_text().replace("${__HERE__}", str(test_data)))
    configuration = (TOOL_FOLDER / "tool_data_table_conf.xml.test").read_text()
    copy = folder / "tables.xml"
    copy.write_text(configuration.replace("${__HERE__}/test-data", str(folder)))
    return copy


def _job_configuration(
    containers: Containers, slurm: SlurmForGalaxy, hub: str, runs: Path
) -> dict[str, object]:
    """Two local destinations, one that sees a hub, those in containers and those on Slurm.

    Jobs that run out of memory in the first go on in the second.

    Args:
        containers: what the containers need.
        slurm: what jobs on Slurm need.
        hub: address of the stand-in for the models' hub.
        runs: folder that jobs keep what they have done in.
    """
    programs = containers.image_path
    keeping = {"TRANSGENIC_RUNS": str(runs)}
    resubmit = [{"condition": "memory_limit_reached", "environment": "more_memory"}]
    return {
        "runners": {
            "local": {"load": "galaxy.jobs.runners.local:LocalJobRunner", "workers": 2},
            "cli": {"load": "galaxy.jobs.runners.cli:ShellJobRunner", "workers": 1},
        },
        "execution": {
            "default": "first",
            "environments": {
                "first": {**FIRST.settings(programs, **keeping), "resubmit": resubmit},
                "more_memory": AFTER_OUT_OF_MEMORY.settings(programs, **keeping),
                "hub": FIRST.settings(Path(sys.executable).parent, HF_ENDPOINT=hub),
                **{name: containers.destination(name) for name in RUNTIMES},
                **slurm.destinations(programs, runs),
            },
        },
        "tools": [
            {"id": "transgenic_fetch_model", "environment": "hub"},
            *(
                {"id": renamed_id(name), "environment": name}
                for name in _DESTINATIONS_OF_THE_SAMPLE
            ),
        ],
    }


_SECLUDE = """\
#!/bin/sh
# The program sees no network, and every folder but its job's and that of unfinished runs is
# read-only.
job=$(dirname "$PWD")
exec unshare --mount --net sh -c '
    mount --bind "$0" "$0" && cd "$PWD" || exit 99
    [ -z "$TRANSGENIC_RUNS" ] || mount --bind "$TRANSGENIC_RUNS" "$TRANSGENIC_RUNS" || exit 99
    findmnt --raw --noheadings --output TARGET | while read -r target; do
        case "$target" in "$0" | "$TRANSGENIC_RUNS" | /proc* | /sys* | /dev*) continue ;; esac
        mount -o remount,bind,ro "$target" || exit 99
    done || exit 99
    exec "$@"' "$job" {program} "$@"
"""
_PLAIN = """\
#!/bin/sh
exec {program} "$@"
"""


def _write_shims(folder: Path) -> bool:
    """Write the program that jobs find on their PATH; return whether it secludes them."""
    folder.mkdir(parents=True)
    program = Path(sys.executable).parent / "transgenic-annotate"
    secluded = (
        subprocess.run(
            ["unshare", "--mount", "--net", "sh", "-c", "mount --bind /tmp /tmp"],
            check=False,
            capture_output=True,
        ).returncode
        == 0
    )
    shim = folder / program.name
    shim.write_text((_SECLUDE if secluded else _PLAIN).format(program=program))
    shim.chmod(0o755)
    return secluded


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/api/version", timeout=10):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.5)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
    raise SystemExit(f"Galaxy did not start; the end of {log}:\n{tail}")


def _make_user(url: str) -> str:
    """Make the administrator's account; return its API key."""
    account = {"email": EMAIL, "username": USER, "password": PASSWORD}
    user = _post(f"{url}/api/users", account)
    return str(_post(f"{url}/api/users/{user['id']}/api_key"))


def _post(url: str, values: dict[str, str] | None = None) -> dict[str, str]:
    request = urllib.request.Request(
        url,
        data=json.dumps(values or {}).encode(),
        headers={"x-api-key": _BOOTSTRAP_KEY, "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, and whatever job outlives it: all are of one session."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_LIMIT)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(ProcessLookupError):
                if os.getsid(int(entry.name)) == process.pid:
                    os.kill(int(entry.name), signal.SIGKILL)
    process.wait()
