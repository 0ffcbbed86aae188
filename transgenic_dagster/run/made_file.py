"""Files that a stage made, each with a record of what from: damage and exchange are noticed."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.system.atomic_files import atomic_write
from transgenic_dagster.system.digest import file_sha256

FORMAT = 1

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MadeFile:
    """A file and its companions, with their record.

    Args:
        paths: the files; the first gives the others their name.
        record: beside them: what they were made from, and their digest.
    """

    paths: tuple[Path, ...]
    record: Path

    def forget(self) -> None:
        """Remove the record, since the files are about to be replaced."""
        self.record.unlink(missing_ok=True)

    def remember(self, facts: Mapping[str, str]) -> None:
        """Record what the files, which are complete now, were made from."""
        values = {"format": FORMAT, "facts": dict(facts), "sha256": file_sha256(*self.paths)}
        with atomic_write(self.record) as handle:
            json.dump(values, handle, indent=1)
            handle.write("\n")

    def facts(self) -> dict[str, str] | None:
        """What the files were made from; None where they are incomplete or damaged."""
        if not all(path.exists() for path in (*self.paths, self.record)):
            return None
        try:
            values = json.loads(self.record.read_text(encoding="utf-8"))
            if values["format"] == FORMAT and values["sha256"] == file_sha256(*self.paths):
                return dict(values["facts"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass
        logger.warning("%s is damaged or has been changed; it is made again", self.paths[0])
        return None
