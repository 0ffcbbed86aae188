"""Looking up a word in a name index as JBrowse does: by bytes, from the nearest place before it."""

import json
from bisect import bisect_right
from pathlib import Path
from urllib.parse import unquote

DIGITS = 10


def order(word: str) -> bytes:
    """Key by which JavaScript compares texts."""
    return word.encode("utf-16-be")


def places_of(folder: Path) -> list[tuple[str, int]]:
    """Words of the second file, with their places in the first."""
    lines = (folder / "names.ixx").read_text(encoding="utf-8").split("\n")
    return [(line[:-DIGITS], int(line[-DIGITS:], 16)) for line in lines if line]


def look_up(folder: Path, beginning: str) -> list[list[str]]:
    """Return the records of all words with such a beginning: location, track, names."""
    wanted = beginning.lower()
    places = places_of(folder)
    nearest = bisect_right([order(word) for word, _ in places], order(wanted)) - 1
    found: list[list[str]] = []
    with (folder / "names.ix").open("rb") as lines:
        lines.seek(places[nearest][1] if nearest >= 0 else 0)
        for line in lines:
            word, *records = line.decode().rstrip("\n").split(" ")
            if word.startswith(wanted):
                texts = (record.split(",")[0].replace("|", ",") for record in records)
                found += [[unquote(text) for text in json.loads(record)] for record in texts]
            elif order(word) > order(wanted):
                break
    return found
