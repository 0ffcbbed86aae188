"""Homes as an earlier release left them: a registry of assemblies, and no project of their own."""

import hashlib
import json
import shutil
from dataclasses import dataclass, field

from transgenic_dagster.errors import UsageError
from transgenic_dagster.lab.arrivals import signature_of
from transgenic_dagster.lab.init import write_settings
from transgenic_dagster.lab.workspace import Home

REGISTRY = "registry.json"
KEPT = ".before-migration"
_SETTINGS_AS_WRITTEN = {
    "dagster.yaml": "c5643f986fd747cc77b28223e62fa7bee05445863d8455a03a74a14bbb2792ba",
    "workspace.yaml": "379ad5e39b6554e45378a1988a7c2e20ccda337fd3e6233fee7eddaa35b789db",
}
"""SHA-256 of the files that nobody has edited."""


@dataclass(frozen=True)
class EarlierHome:
    """A home with a registry.

    Args:
        home: the home.
        unchanged: assemblies whose files are as they were when they were last annotated.
    """

    home: Home
    unchanged: list[str] = field(default_factory=list)

    def update_settings(self) -> list[str]:
        """Write the settings of this release; returns the names of edited files that stay.

        What is replaced is kept in ``.before-migration``.
        """
        root, edited = self.home.root, []
        (root / KEPT).mkdir(exist_ok=True)
        for name, digest in _SETTINGS_AS_WRITTEN.items():
            path = root / name
            if not path.exists():
                continue
            if hashlib.sha256(path.read_bytes()).hexdigest() == digest:
                path.rename(root / KEPT / name)
            else:
                edited.append(name)
        write_settings(self.home, but=edited)
        return edited

    def finish(self) -> None:
        """Put the registry away: the home is one of this release."""
        shutil.move(self.home.root / REGISTRY, self.home.root / KEPT / REGISTRY)
        (self.home.root / ".registry.lock").unlink(missing_ok=True)


def read_earlier_home(home: Home) -> EarlierHome:
    """Read what an earlier release knew of a home.

    Raises:
        UsageError: the home is not one of an earlier release.
    """
    path = home.root / REGISTRY
    try:
        assemblies = json.loads(path.read_text(encoding="utf-8"))["assemblies"]
        seen = {name: entry["signature"] for name, entry in assemblies.items()}
    except FileNotFoundError as error:
        raise UsageError(f"{home.root} has no {REGISTRY}; there is nothing to migrate.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{path} is not a registry of assemblies ({error}).") from error
    return EarlierHome(home, [name for name in seen if _is_unchanged(home, name, seen[name])])


def _is_unchanged(home: Home, name: str, seen: dict[str, list[int]]) -> bool:
    try:
        present = signature_of(home.assembly(name).states())
    except OSError:
        return False
    return present == [[file, *seen[file][:2]] for file in sorted(seen)]
