"""A stand-in for ``singularity exec`` and ``docker run`` in Galaxy's jobs: no image, same walls.

    fake_container.py SETTINGS RUNTIME ARGUMENT…

The command runs on this machine, with the variables that the runtime was told to pass on and no
others, and with every folder of ``SETTINGS["hidden"]`` empty that was not bound. What it was told
is appended to ``SETTINGS["record"]``, a line of JSON a call. ``SETTINGS["path"]`` is the image's
PATH. Runs as a program of its own, in any Python.
"""

import json
import os
import sys
from itertools import pairwise
from pathlib import Path

_HIDE = 'for folder in $HIDDEN; do mount -t tmpfs none "$folder" || exit 99; done; exec "$@"'


def main() -> None:
    """Do what the runtime is asked to, if it is to run something."""
    settings = json.loads(Path(sys.argv[1]).read_text())
    runtime, arguments = sys.argv[2], sys.argv[3:]
    if not {"exec", "run"} & set(arguments[:2]):
        return  # docker is asked for the image, and to kill what has ended
    binds, variables = told(runtime, arguments)
    call = {"runtime": runtime, "arguments": arguments, "binds": binds, "variables": variables}
    with Path(settings["record"]).open("a") as record:
        record.write(json.dumps(call) + "\n")
    bound = [bind.split(":")[0] for bind in binds]
    hidden = [
        folder
        for folder in settings["hidden"]
        if not any(Path(folder).is_relative_to(path) for path in bound)
    ]
    command = arguments[arguments.index(settings["image"]) + 1 :]
    os.execvpe(
        "unshare",
        ["unshare", "--mount", "sh", "-c", _HIDE, "sh", *command],
        {"PATH": settings["path"], **variables, "HIDDEN": " ".join(hidden)},
    )


def told(runtime: str, arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Binds, as ``source[:target][:mode]``, and variables that a runtime is told to give."""
    bind, variable = ("-v", "-e") if runtime == "docker" else ("-B", None)
    pairs = list(pairwise(arguments))
    binds = [value for name, value in pairs if name == bind]
    if variable:
        given = [value.partition("=")[::2] for name, value in pairs if name == variable]
    else:
        prefix = "SINGULARITYENV_"
        given = [
            (name.removeprefix(prefix), value)
            for name, value in os.environ.items()
            if name.startswith(prefix)
        ]
    return binds, dict(given)


if __name__ == "__main__":
    main()
