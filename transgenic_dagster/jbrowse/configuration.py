"""The configuration that JBrowse 2 reads, ``config.json``: what is in the folder, and how it looks.

Files are named relative to the configuration, so that the folder works wherever it is served.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from transgenic_dagster.gene_models.indexed_gff3 import INDEX_SUFFIX
from transgenic_dagster.input_genes.gff3 import encode_seqid

GENOME: Final = "genome.fa.gz"
GENOME_FILES: Final = (GENOME, f"{GENOME}.fai", f"{GENOME}.gzi")
NAMES: Final = "names.ix"
NAMES_FILES: Final = (NAMES, "names.ixx", "names.json")


@dataclass(frozen=True)
class Track:
    """A track of features.

    Args:
        identifier: its name for JBrowse.
        title: its name for people.
        colour: of its features, as in reports.
        pale: of what is not translated.
    """

    identifier: str
    title: str
    colour: str
    pale: str

    @property
    def file(self) -> str:
        """Name of its annotation, sorted, as bgzip."""
        return f"{self.identifier}.gff3.gz"

    @property
    def files(self) -> tuple[str, str]:
        """Names of its annotation and of the index."""
        return self.file, self.file + INDEX_SUFFIX


INPUT: Final = Track("input", "Input annotation", "#555555", "#A6A6A6")
PREDICTION: Final = Track("prediction", "TransGenic", "#0072B2", "#6FB6DE")
REJECTS: Final = Track("rejects", "Rejects, with reason", "#D55E00", "#D55E00")
TRACKS: Final = (INPUT, PREDICTION, REJECTS)


def configuration(assembly: str, seqids: Sequence[str], location: str) -> Mapping[str, Any]:
    """Return the configuration.

    Args:
        assembly: name of the assembly.
        seqids: its sequences.
        location: what is shown first, such as ``chr1:1..50000`` (1-based, both ends included).
    """
    genome, fai, gzi = GENOME_FILES
    return {
        "assemblies": [
            {
                "name": assembly,
                "sequence": {
                    "type": "ReferenceSequenceTrack",
                    "trackId": "genome",
                    "adapter": {
                        "type": "BgzipFastaAdapter",
                        "fastaLocation": _file(genome),
                        "faiLocation": _file(fai),
                        "gziLocation": _file(gzi),
                    },
                },
                **_aliases(seqids),
            }
        ],
        "tracks": [_track(track, assembly) for track in TRACKS],
        "aggregateTextSearchAdapters": [_name_search(assembly)],
        "defaultSession": {
            "name": assembly,
            "views": [
                {
                    "id": "genes",
                    "type": "LinearGenomeView",
                    "trackLabels": "offset",
                    "init": {
                        "assembly": assembly,
                        "loc": location,
                        "tracks": [track.identifier for track in TRACKS],
                    },
                }
            ],
        },
    }


def _track(track: Track, assembly: str) -> dict[str, Any]:
    return {
        "type": "FeatureTrack",
        "trackId": track.identifier,
        "name": track.title,
        "assemblyNames": [assembly],
        "adapter": {
            "type": "Gff3TabixAdapter",
            "gffGzLocation": _file(track.file),
            "index": {"indexType": "CSI", "location": _file(track.file + INDEX_SUFFIX)},
        },
        "displays": [
            {
                "type": "LinearBasicDisplay",
                "displayId": f"{track.identifier}-display",
                # Newer versions draw it with another renderer and take this name for that.
                "renderer": {
                    "type": "SvgFeatureRenderer",
                    "color1": track.colour,
                    "color3": track.pale,
                },
            }
        ],
    }


def _name_search(assembly: str) -> dict[str, Any]:
    words, places, description = NAMES_FILES
    return {
        "type": "TrixTextSearchAdapter",
        "textSearchAdapterId": "names",
        "ixFilePath": _file(words),
        "ixxFilePath": _file(places),
        "metaFilePath": _file(description),
        "assemblyNames": [assembly],
    }


def _aliases(seqids: Sequence[str]) -> dict[str, Any]:
    """Say how GFF3 spells sequences whose names it has to encode."""
    features = [
        {"uniqueId": f"alias-{number}", "refName": seqid, "aliases": [encoded]}
        for number, seqid in enumerate(seqids)
        if (encoded := encode_seqid(seqid)) != seqid
    ]
    if not features:
        return {}
    return {"refNameAliases": {"adapter": {"type": "FromConfigAdapter", "features": features}}}


def _file(name: str) -> dict[str, str]:
    return {"uri": name, "locationType": "UriLocation"}
