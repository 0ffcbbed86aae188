"""A real Slurm of one node and two GPUs that are none, in a folder of its own.

As root, ``python -m tests.one_node_slurm install`` installs Debian's packages.
"""

import os
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.ports import free_port
from tests.waiting import wait_for

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo", "munged")
SECONDS_TO_END = 10

SLURM_CONF = """\
ClusterName=one_node
SlurmctldHost=localhost
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
CommunicationParameters=NoInAddrAny
SchedulerParameters=sched_interval=1,sched_min_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
KillWait=5
NodeName=localhost CPUs=4 Gres=gpu:2
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""
GRES_CONF = """\
AutoDetect=off
NodeName=localhost Name=gpu File={folder}/gpu[0-1]
"""
CGROUP_CONF = """\
CgroupPlugin=cgroup/v1
ConstrainCores=no
ConstrainDevices=no
ConstrainRAMSpace=no
ConstrainSwapSpace=no
"""
BOUND = """\
import os, sys
from transgenic_dagster.system.parent_death import end_with_parent
end_with_parent(int(sys.argv[1]))
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Program that becomes another, which ends with the process that is named."""


def why_not() -> str | None:
    """Why this machine cannot have one; None where it can."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if os.getuid() != 0:
        return "Slurm's daemons need root here"
    if missing:
        return f"{', '.join(missing)} not installed (python -m tests.one_node_slurm install)"
    with tempfile.TemporaryDirectory() as folder:
        try:
            _make_device(Path(folder) / "gpu0")
        except OSError as error:
            return f"device files cannot be made here ({error.strerror})"
    return None


@contextmanager
def one_node_slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Start the daemons, and end them at the end.

    Args:
        folder: an existing folder; its path must be short enough for a socket's.

    Yields:
        Environment variables with which Slurm's programs find this Slurm.
    """
    values = {"folder": folder, "controller_port": free_port(), "node_port": free_port()}
    for name, text in (
        ("slurm.conf", SLURM_CONF),
        ("gres.conf", GRES_CONF),
        ("cgroup.conf", CGROUP_CONF),
    ):
        (folder / name).write_text(text.format(**values))
    for name in ("state", "spool"):
        (folder / name).mkdir()
    for number in range(2):
        _make_device(folder / f"gpu{number}")
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    environment = {"SLURM_CONF": str(folder / "slurm.conf")}
    with ExitStack() as daemons:
        files = {"socket": "socket", "key-file": "key", "pid-file": "pid", "log-file": "log"}
        options = [f"--{option}={folder}/munge.{name}" for option, name in files.items()]
        options.append(f"--seed-file={folder}/munge.seed")
        daemons.enter_context(_daemon(folder, "munged", "--foreground", "--force", *options))
        _wait_for_daemon((folder / "munge.socket").exists, "munged", folder)
        daemons.enter_context(_daemon(folder, "slurmctld", "-D", **environment))
        daemons.enter_context(_daemon(folder, "slurmd", "-D", "-N", "localhost", **environment))
        state = ("sinfo", "--noheader", "--format=%T")
        _wait_for_daemon(lambda: _ask(environment, *state) == "idle", "a node that works", folder)
        try:
            yield environment
        finally:
            _ask(environment, "scancel", "--me")
            wait_for(lambda: not _ask(environment, "squeue", "--noheader"), "the end of all jobs")


@contextmanager
def _daemon(folder: Path, *command: str, **environment: str) -> Iterator[None]:
    with (folder / f"{command[0]}.out").open("wb") as output:
        # However this process ends, the daemon ends too.
        bound = [sys.executable, "-c", BOUND, str(os.getpid()), *command]
        process = subprocess.Popen(
            bound, stdout=output, stderr=output, env=os.environ | environment
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ask(environment: dict[str, str], *command: str) -> str:
    asked = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def _wait_for_daemon(condition: Callable[[], bool], what: str, folder: Path) -> None:
    try:
        wait_for(condition, what)
    except TimeoutError as error:
        said = "\n".join(path.read_text() for path in folder.glob("*.out"))
        raise RuntimeError(f"{error}; the daemons said:\n{said}") from error


def _make_device(path: Path) -> None:
    """Make a device file that is another name of /dev/null."""
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))


def install() -> None:
    """Install Debian's packages."""
    subprocess.run(["apt-get", "update"], check=True)
    subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES], check=True)


if __name__ == "__main__":
    if sys.argv[1:] != ["install"]:
        raise SystemExit(__doc__)
    install()
