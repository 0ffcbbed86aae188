"""Three ways to serve a lab: all in one, and with servers apart as a department runs them.

dev          dagster dev
code-server  dagster-webserver, dagster-daemon and dagster code-server start
grpc         dagster-webserver, dagster-daemon and dagster api grpc, as in containers
no-daemon    dagster-webserver and dagster code-server start: pages, and nothing that goes on
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import yaml

from tests.live_lab.graphql import LabServer
from tests.ports import free_port
from tests.waiting import wait_for

DEPLOYMENTS = ("dev", "code-server", "grpc")
NO_DAEMON = "no-daemon"
DEFINITIONS = "annotation_lab.definitions"
SECONDS_TO_END = 30


def write_demo_lab(lab: Path, *arguments: str) -> None:
    """Write a lab with the demo assembly, as the README says."""
    lab_command(lab, "init", str(lab), *arguments)


def lab_command(lab: Path, *arguments: str, check: bool = True) -> str:
    """Run ``transgenic-dagster`` for a lab; returns what it says."""
    code = "import sys; from transgenic_dagster.cli.lab import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=lab_environment(lab),
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise RuntimeError(f"transgenic-dagster {' '.join(arguments)}: {done.stderr}")
    return done.stdout + done.stderr


def lab_environment(lab: Path, **variables: str) -> dict[str, str]:
    """Environment of the programs that work in a lab."""
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": ":".join(path for path in paths if path),
        "DAGSTER_HOME": str(lab),
        "TRANSGENIC_HOME": str(lab),
        "TRANSGENIC_LEASES": str(lab.parent / "leases"),
        **variables,
    }


@contextmanager
def serve(
    lab: Path, environment: Mapping[str, str], deployment: str = "dev"
) -> Iterator[LabServer]:
    """Serve a lab; what its programs say goes to ``PROGRAM.log`` beside it.

    Args:
        lab: its folder.
        environment: of the programs.
        deployment: one of ``DEPLOYMENTS``, or ``NO_DAEMON``.
    """
    port = str(free_port())
    server = LabServer(f"http://127.0.0.1:{port}")
    with ExitStack() as programs:
        if deployment == "dev":
            command = ["dagster", "dev", "-h", "127.0.0.1", "-p", port]
            last = programs.enter_context(_program(lab, environment, "dev", command))
        else:
            code_port = str(free_port())
            start = ["api", "grpc"] if deployment == "grpc" else ["code-server", "start"]
            command = ["dagster", *start, "-m", DEFINITIONS, "-h", "127.0.0.1", "-p", code_port]
            command += ["--location-name", "transgenic"]
            programs.enter_context(_program(lab, environment, "code", command))
            wait_for(lambda: _listens(int(code_port)), "the code server listens")
            workspace = lab.parent / "workspace.apart.yaml"
            location = {"host": "127.0.0.1", "port": int(code_port), "location_name": "transgenic"}
            workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": location}]}))
            if deployment != NO_DAEMON:
                command = ["dagster-daemon", "run", "-w", str(workspace)]
                programs.enter_context(_program(lab, environment, "daemon", command))
            command = ["dagster-webserver", "-h", "127.0.0.1", "-p", port, "-w", str(workspace)]
            last = programs.enter_context(_program(lab, environment, "web", command))
        wait_for(server.is_up, f"{deployment} is up; see the logs in {lab.parent}", by=last)
        yield server


@contextmanager
def _program(
    lab: Path, environment: Mapping[str, str], name: str, command: list[str]
) -> Iterator["subprocess.Popen[bytes]"]:
    with (lab.parent / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=lab,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        # As Ctrl-C in a terminal does. Code servers would stay for a while without work.
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, signal.SIGINT)
            process.wait(SECONDS_TO_END)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
