"""Re-annotation of plant genomes with TransGenic: one engine for the shell, Dagster and Galaxy."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("transgenic-dagster")
except PackageNotFoundError:  # running from a source tree that was never installed
    __version__ = "0+unknown"
