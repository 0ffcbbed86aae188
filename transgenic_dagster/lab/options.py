"""Options of an assembly, in layers: those of the home, of the assembly, of a single run.

All are checked by the options model of the command line; ``offered_options`` says which cannot be
set, and ``wanted_files`` which are true or false here and a path there. Files also have what
concerns a lab alone: the limits of the checks, under ``checks``, whether the input's own genes are
scored without a click, ``score_input``, and the name of the assembly whose genes are lifted to one
without an annotation, ``lift_from``.
"""

import stat
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.lab.offered_options import check_offered
from transgenic_dagster.lab.wanted_files import with_paths
from transgenic_dagster.lab.workspace import GENES_NAMES, OPTIONS_FILE, AssemblyFolder, Home
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.quality.check_limits import CheckLimits, parse_limits
from transgenic_dagster.run.given_options import parse_options
from transgenic_dagster.run.judging_options import ScoreOptions
from transgenic_dagster.system.paths import same_file

CHECKS = "checks"
LIFT_FROM = "lift_from"
NAMES_FROM = "names_from"
SCORE_INPUT = "score_input"
_MOST_BYTES = 64 * 1024
_MOST_DEPTH = 2


class _Layer(NamedTuple):
    """Options from one place.

    Args:
        source: the place, for messages.
        folder: paths are relative to it.
        values: the options.
        of_run: whether they are those of a single run.
    """

    source: str
    folder: Path
    values: Mapping[str, Any]
    of_run: bool = False

    @classmethod
    def of_file(cls, path: Path) -> "_Layer":
        """Options of a file without what concerns a lab alone, which is looked at too."""
        _read_limits(path)
        _read_score_input(path)
        of_lab = (CHECKS, LIFT_FROM, SCORE_INPUT)
        values = {name: value for name, value in _read(path).items() if name not in of_lab}
        return cls(str(path), path.parent, values)

    def checked(self) -> dict[str, Any]:
        """Return its options, if a lab offers them all, with whole paths.

        Raises:
            UsageError: it does not.
        """
        for name, value in self.values.items():
            check_offered(self.source, name, value, of_run=self.of_run)
        values = dict(self.values)
        if earlier := values.get(NAMES_FROM):
            values[NAMES_FROM] = self.folder / str(earlier)
        return values


def assembly_options(
    home: Home, folder: AssemblyFolder, run_options: Mapping[str, Any] | None = None
) -> AnnotateOptions:
    """Options of one assembly.

    Args:
        home: the home; its options are the first layer.
        folder: the assembly; its options override those of the home.
        run_options: options of a single run, which override both.

    Raises:
        InputError: an input is missing.
        UsageError: an option is wrong; names the file and the option.
    """
    results = home.results(folder.name)
    source = lifted_from(home, folder)
    if source is None and LIFT_FROM in _read(folder.options_file):
        raise UsageError(
            f"{folder.path} has {folder.genes.name}, and {LIFT_FROM} in {OPTIONS_FILE}; remove one."
        )
    genes = {LIFT_FROM: (source.genome, source.genes)} if source else {"gff_file": folder.genes}
    layers = [
        _Layer.of_file(home.options_file),
        _Layer.of_file(folder.options_file),
        _Layer("the launchpad's options", home.root, run_options or {}, of_run=True),
    ]
    decided = {
        **genes,
        "fasta_file": folder.genome,
        "output": results.gff3,
        "gsf_output": results.gsf,
        "proteins": results.proteins,
        "refinements": results.refinements,
        "report": home.report(folder.name),
        "work_folder": home.run(folder.name).root,
    }
    options = _laid_over(decided, layers)
    _check_earlier_output(options)
    return options


def lifted_from(home: Home, folder: AssemblyFolder) -> AssemblyFolder | None:
    """Assembly whose genes are lifted to one that has no annotation; None where it has one.

    Raises:
        InputError: it has none, and no assembly with an annotation is named.
        UsageError: a file of options cannot be read, or has a name that no assembly can have.
    """
    if folder.has_genes:
        return None
    for path in (folder.options_file, home.options_file):
        if (name := _read(path).get(LIFT_FROM)) is not None:
            break
    else:
        raise InputError(
            f"{folder.path} has no {GENES_NAMES[0]} (or {', '.join(GENES_NAMES[1:4])}, …); add one,"
            f" or write into its {OPTIONS_FILE} whose genes it gets ({LIFT_FROM}: NAME)."
        )
    source = home.assembly(str(name))
    if not source.has_genes:
        what = "has no annotation" if source.path.is_dir() else f"is not in {home.assemblies}"
        raise InputError(
            f"{path}: {LIFT_FROM} names the assembly {source.name}, which {what}; name one that has"
            " genes."
        )
    return source


def home_options(home: Home) -> AnnotateOptions:
    """Options of assemblies that set none of their own; input files are placeholders.

    Raises:
        UsageError: an option is wrong; names the file and the option.
    """
    placeholders = {"fasta_file": "genome.fa", "gff_file": "genes.gff3", "report": "report.html"}
    decided = {name: Path(file) for name, file in placeholders.items()}
    return _laid_over(decided, [_Layer.of_file(home.options_file)])


def check_limits(home: Home, folder: AssemblyFolder) -> CheckLimits:
    """Limits of the checks of one assembly: its own, those of the home, else the defaults.

    Raises:
        UsageError: one is wrong; names the file and the limit.
    """
    home_limits, own_limits = map(_read_limits, (home.options_file, folder.options_file))
    return CheckLimits(**home_limits | own_limits)


def scores_input(home: Home, folder: AssemblyFolder) -> bool:
    """Return whether the genes of an assembly's input are scored without a click.

    Raises:
        UsageError: ``score_input`` is neither true nor false; names the file.
    """
    wanted = map(_read_score_input, (folder.options_file, home.options_file))
    return next((value for value in wanted if value is not None), False)


def score_options(home: Home, name: str, prediction: AnnotateOptions) -> ScoreOptions:
    """Options of scoring the genes of an assembly's input, from those of its prediction."""
    paths = home.scores(name)
    return ScoreOptions.beside(prediction, paths.scores, paths.gff3)


def _laid_over(decided: Mapping[str, Any], layers: Sequence[_Layer]) -> AnnotateOptions:
    """Lay options over each other.

    What is wrong in one layer may be put right by the next; else the message names the first that
    is at fault.

    Args:
        decided: options that no layer may set.
        layers: the options.
    """
    values = dict(decided)
    options, fault = parse_options(values), None
    for layer in layers:
        values |= with_paths(layer.checked(), options.output.parent)
        try:
            options, fault = parse_options(values), None
        except UsageError as error:
            fault = fault or UsageError(f"{layer.source}: {error}")
    if fault:
        raise fault
    return options


def _check_earlier_output(options: AnnotateOptions) -> None:
    """Check that names come from an earlier output that stays as it is."""
    earlier = options.names_from
    if earlier is None:
        return
    if same_file(earlier, options.output):
        raise UsageError(
            f"{NAMES_FROM}: {earlier} is replaced whenever results are made; copy it, and name the "
            "copy."
        )
    if not earlier.is_file():
        raise InputError(f"{NAMES_FROM}: {earlier} does not exist; name an earlier output.")


def _read_score_input(path: Path) -> bool | None:
    """Whether a file asks for scores of the input; None where it says nothing."""
    value = _read(path).get(SCORE_INPUT)
    if value is None or isinstance(value, bool):
        return value
    raise UsageError(f"{path}: {SCORE_INPUT}: true or false (got {str(value)!r}).")


def _read_limits(path: Path) -> dict[str, float]:
    """Limits of the checks that a file sets."""
    values = _read(path)
    try:
        return parse_limits({} if values.get(CHECKS) is None else values[CHECKS]).model_dump(
            exclude_unset=True
        )
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    """Content of a file; empty where there is none.

    Raises:
        UsageError: it is not a small file of YAML that has one option per line.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{path} is not a regular file; write one option per line into it.")
        if status.st_size > _MOST_BYTES:
            raise UsageError(f"{path} has {status.st_size:,} bytes; options are a few lines.")
        state = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        values = _parsed(path, state)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path} cannot be read as YAML ({reason}).") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UsageError(f"{path}: write one option per line, such as 'num_beams: 2'.")
    return {str(name): value for name, value in values.items()}


@lru_cache(maxsize=1024)
def _parsed(path: Path, state: tuple[int, ...]) -> Any:  # noqa: ARG001
    """Content of a file in one state, read once: the sensor asks for it every few seconds."""
    text = path.read_text(encoding="utf-8")
    _check_flat(path, text)
    return yaml.safe_load(text)


def _check_flat(path: Path, text: str) -> None:
    """Check, event by event, that options are not nested and stand for themselves."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise UsageError(
                f"{path}: write every value out; an alias (*{event.anchor}) is refused."
            )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_DEPTH:
            raise UsageError(f"{path}: write one option per line, such as 'num_beams: 2'.")
