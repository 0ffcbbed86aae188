"""The container image's recipe, carried out in a bare root where there is no Docker.

    debootstrap --variant=minbase --include=python3-venv,ca-certificates trixie ROOT
    python -m tests.galaxy.image ROOT

Debian 13 is what the image's base is made from, with the same Python. Each instruction of the
recipe is done in ROOT as Docker would, then the demo is run in it.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from tests.galaxy.form import TOOL_FOLDER

REPOSITORY = TOOL_FOLDER.parent
RECIPE = TOOL_FOLDER / "admin" / "Dockerfile"
IGNORED = REPOSITORY / ".dockerignore"
_ENVIRONMENT = {"HOME": "/root", "LANG": "C.UTF-8", "PATH": "/python/bin:/usr/sbin:/usr/bin"}
_ENTER = 'mount -t proc proc "$0/proc"; mount --bind /dev "$0/dev"; exec chroot "$0" "$@"'
_PASSED_ON = re.compile(r"PIP_\w+|SSL_CERT_FILE|\w+_proxy|OMP_NUM_THREADS", re.IGNORECASE)


def instructions() -> list[tuple[str, str]]:
    """Instructions of the recipe with their arguments, in order."""
    lines = [line for line in RECIPE.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", "").splitlines()
    return [(verb, rest) for verb, _, rest in (line.partition(" ") for line in joined) if verb]


def is_sent(path: Path) -> bool:
    """Whether a file is among those that a build can copy.

    Args:
        path: relative to the repository's root.
    """
    names = [str(parent) for parent in (path, *path.parents)]
    sent = True
    for line in IGNORED.read_text().splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!").removeprefix("**/")
            parts = path.parts if "**/" in line else names
            if any(fnmatch(name, pattern) for name in parts):
                sent = line.startswith("!")
    return sent


def copied() -> Iterator[Path]:
    """Files that the recipe copies, relative to the repository's root."""
    for verb, arguments in instructions():
        if verb == "COPY":
            *sources, target = shlex.split(arguments)
            for source in sources:
                path = REPOSITORY / source
                assert target in {source, "./"}, f"COPY {arguments} moves what it copies"
                files = path.rglob("*") if path.is_dir() else [path]
                for file in sorted(files):
                    relative = file.relative_to(REPOSITORY)
                    if file.is_file() and is_sent(relative):
                        yield relative


def copy_sources(folder: Path) -> None:
    """Copy into a folder what the recipe copies."""
    for path in copied():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / path, target)


def build(root: Path) -> None:
    """Carry out the recipe in a bare root, with pip's settings of this machine."""
    shutil.copy("/etc/resolv.conf", root / "etc")
    _run(root, "/", "python3 -m venv /python")
    working = "/"
    for verb, arguments in instructions():
        if verb == "WORKDIR":
            working = arguments
            (root / working.lstrip("/")).mkdir(exist_ok=True)
            if working != "/":
                copy_sources(root / working.lstrip("/"))
        elif verb == "RUN":
            _run(root, working, arguments)
        elif verb == "CMD":
            _run(root, working, shlex.join(json.loads(arguments)))
    _run(root, "/tmp", "transgenic-demo demo_out")


def _run(root: Path, folder: str, command: str) -> None:
    passed_on = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    subprocess.run(
        [
            *("unshare", "--mount", "sh", "-ec", _ENTER, root),
            *("sh", "-ec", f"cd {folder}; {command}"),
        ],
        env=_ENVIRONMENT | passed_on,
        check=True,
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]))
