"""Kinds of faults, and the shim that lets them happen in a process and its forks."""

import ctypes
import errno
import mmap
import shutil
import subprocess
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

SHIM_SOURCE = Path(__file__).with_name("shim.c")


class FileOperation(IntEnum):
    """Classes of file operations, numbered as in ``shim.c``."""

    OPEN = 0
    CREATE = 1
    READ = 2
    WRITE = 3
    SYNC = 4
    RENAME = 5
    UNLINK = 6
    MKDIR = 7
    TRUNCATE = 8
    LINK = 9
    LOCK = 10
    CLOSE = 11
    MAP = 12
    STAT = 13
    LIST = 14


class Action(IntEnum):
    """How an operation goes wrong, numbered as in ``shim.c``."""

    FAIL = 0
    KILL = 1
    HALF = 2
    HALF_THEN_KILL = 3
    HALF_THEN_FAIL = 4


_Op = FileOperation
_GROWING = (_Op.CREATE, _Op.WRITE, _Op.RENAME, _Op.MKDIR, _Op.TRUNCATE, _Op.LINK)


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Args:
        operations: that it can happen to; all of them are tried, one after another.
        action: how they go wrong.
        error: errno of those that fail.
        lasting: whether all later ones fail, too.
    """

    operations: tuple[FileOperation, ...]
    action: Action
    error: int = 0
    lasting: bool = False

    @property
    def kills(self) -> bool:
        """Whether the process ends by SIGKILL."""
        return self.action in {Action.KILL, Action.HALF_THEN_KILL}


KINDS = {
    # Between two changes of the file system a kill leaves the same files at any moment.
    "kill": Kind((*_GROWING, _Op.SYNC, _Op.UNLINK, _Op.LOCK), Action.KILL),
    "torn": Kind((_Op.WRITE,), Action.HALF_THEN_KILL),
    "eio": Kind(tuple(_Op), Action.FAIL, errno.EIO),
    "enospc": Kind((*_GROWING, _Op.SYNC, _Op.CLOSE), Action.FAIL, errno.ENOSPC),
    "full": Kind(_GROWING, Action.HALF_THEN_FAIL, errno.ENOSPC, lasting=True),
    "short": Kind((_Op.READ, _Op.WRITE), Action.HALF),
    "enomem": Kind(
        (
            *(_Op.OPEN, _Op.CREATE, _Op.READ, _Op.WRITE, _Op.RENAME, _Op.UNLINK, _Op.MKDIR),
            *(_Op.LINK, _Op.LOCK, _Op.MAP, _Op.LIST),
        ),
        Action.FAIL,
        errno.ENOMEM,
    ),
}


NEVER_REACHED = "never reached"


class Fault(ctypes.Structure):
    """A fault as the shim sees it, ``struct fault``; in memory that forked processes share."""

    _fields_ = (
        ("prefix", ctypes.c_char * 1024),
        ("mask", ctypes.c_int64),
        ("target", ctypes.c_int64),
        ("action", ctypes.c_int64),
        ("error", ctypes.c_int64),
        ("lasting", ctypes.c_int64),
        ("count", ctypes.c_int64),
        ("by_class", ctypes.c_int64 * len(FileOperation)),
        ("where", ctypes.c_char * 1024),
        ("what", ctypes.c_int64),
    )

    @classmethod
    def prepared(cls, folder: Path, kind: Kind | None = None, number: int = 0) -> "Fault":
        """A fault at one operation below a folder; without a kind all operations are counted."""
        fault = cls.from_buffer(mmap.mmap(-1, ctypes.sizeof(cls)))
        fault.prefix = bytes(folder)
        kind = kind or Kind(tuple(FileOperation), Action.FAIL)
        fault.mask = sum(1 << operation for operation in kind.operations)
        fault.target, fault.action, fault.error = number, kind.action, kind.error
        fault.lasting = kind.lasting
        return fault

    def arm(self) -> None:
        """Let it happen in this process, which must have been started with the shim."""
        ctypes.CDLL(None).fault_arm(ctypes.byref(self))

    def __str__(self) -> str:
        """The operation that went wrong."""
        if not self.where:
            return NEVER_REACHED
        path = self.where.decode(errors="replace").removeprefix(self.prefix.decode() + "/")
        return f"{FileOperation(self.what).name.lower()} of {path}"


def compiler() -> str | None:
    """The C compiler of this machine, None where there is none."""
    return shutil.which("cc") or shutil.which("gcc")


def build_shim(folder: Path) -> Path:
    """Compile the shim to a library for LD_PRELOAD."""
    library = folder / "shim.so"
    found = compiler()
    assert found, "no C compiler"
    options = ("-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror")
    subprocess.run([found, *options, "-o", library, SHIM_SOURCE, "-ldl"], check=True)
    return library
