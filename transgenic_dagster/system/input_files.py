"""Input files that can be read more than once."""

import os
import stat
from pathlib import Path

from transgenic_dagster.errors import InputError


def input_status(path: Path, role: str = "file") -> os.stat_result:
    """Return the status of an input file, which is a regular file that exists.

    Pipes and devices are refused before they are opened: opening a pipe may wait for ever, and
    ``/dev/zero`` has no end.

    Args:
        path: the file; symbolic links are followed.
        role: what it is in messages, such as ``genome``.

    Raises:
        InputError: there is no such file, it cannot be looked at, or it is something else.
    """
    if str(path) == "-" and not path.exists():
        raise InputError(
            f"The {role} is read more than once, so that it cannot come from standard input: save"
            " it as a file (plain or gzip) and give its name."
        )
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise InputError(f"The {role} {path} does not exist; check its name.") from error
    except (OSError, ValueError) as error:  # the latter for a name with a null character
        why = getattr(error, "strerror", None) or error
        raise InputError(f"The {role} {path} cannot be read ({why}).") from error
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"The {role} {path} is a folder; give the name of a file.")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(
            f"The {role} {path} is not a regular file, but it is read more than once: save it"
            " as a file (plain or gzip) and give its name."
        )
    return status
