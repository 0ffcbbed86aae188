r"""Run a step on a device that no other step uses.

    python -m transgenic_dagster.executors.lease \
        --parent PID --device 0 --device 1 -- COMMAND

Waits until one of the devices is free, locks it, and becomes the command. The lock is on a file
(flock) and the command inherits it, so the lease ends with the command, however that ends. The
command is killed when the process that started it ends. Without ``--device`` there is no lease,
only this tie to the parent.
"""

import argparse
import fcntl
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from transgenic_dagster.executors.devices import CPU, CUDA_VARIABLE
from transgenic_dagster.system.parent_death import end_with_parent

LEASES_VARIABLE = "TRANSGENIC_LEASES"
_SECONDS_BETWEEN_TRIES = 0.2


def lease_folder() -> Path:
    """Folder of the lock files: one per machine and user, shared by all labs."""
    default = Path(tempfile.gettempdir()) / f"transgenic-leases-{os.getuid()}"
    return Path(os.environ.get(LEASES_VARIABLE) or default)


def lock_file(device: str) -> Path:
    """File whose lock is the lease of a device."""
    return lease_folder() / f"{device.replace('/', '_')}.lock"


def try_to_lease(device: str) -> int | None:
    """Lease a device if it is free.

    Returns:
        The file descriptor that holds the lease, which the command inherits; None where another
        process holds the lease.
    """
    lock_file(device).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(lock_file(device), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.utime(descriptor)  # cleaners of temporary folders remove old files
    os.set_inheritable(descriptor, True)
    return descriptor


def lease(devices: Sequence[str]) -> str:
    """Lease a device until this process ends, waiting for a free one; returns the device."""
    waiting = False
    while True:
        for device in devices:
            if try_to_lease(device) is not None:
                return device
        if not waiting:
            sys.stderr.write(f"Waiting for a free device among {', '.join(devices)}.\n")
            waiting = True
        time.sleep(_SECONDS_BETWEEN_TRIES)


def main() -> None:
    """Lease a device and become the command."""
    parser = argparse.ArgumentParser(prog="lease", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--parent", type=int, required=True, help="process whose end ends the command"
    )
    parser.add_argument("--device", action="append", default=[], help="candidate; may be repeated")
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    arguments = parser.parse_args()
    end_with_parent(arguments.parent)
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background jobs ignore them
        signal.signal(number, signal.SIG_DFL)
    if arguments.device:
        device = lease(arguments.device)
        if device != CPU:
            os.environ[CUDA_VARIABLE] = device
    os.execvp(arguments.command[0], arguments.command)  # noqa: S606


if __name__ == "__main__":
    main()
