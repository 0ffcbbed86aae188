"""The errors that users meet: one sentence each, with the exit code that the README documents.

Raise one of these for anything that the user can fix; the command line prints its message as it
is (no traceback unless ``--verbose``) and exits with ``exit_code``.
"""

from typing import ClassVar


class TransgenicError(Exception):
    """Base of all errors with a sentence for the user; exit code 5 (run failed, resumable)."""

    exit_code: ClassVar[int] = 5


class UsageError(TransgenicError):
    """An option or a combination of options that cannot work."""

    exit_code = 2


class InputError(TransgenicError):
    """An input file that is missing, unreadable or not what it should be."""

    exit_code = 2


class MissingOnMachineError(TransgenicError):
    """A model, program or device that this machine lacks."""

    exit_code = 3


class CheckpointError(TransgenicError):
    """A model checkpoint whose tensors or configuration do not fit."""

    exit_code = 4


class RunError(TransgenicError):
    """The run failed after it started; what is journaled stays and can be resumed."""

    exit_code = 5


class ResumableError(RunError):
    """The machine failed; the run goes on where it was once that is corrected.

    The message ends with what to correct: each program adds how its run goes on.
    """


class TimeLimitReachedError(TransgenicError):
    """``--time_limit`` was reached; the run stopped cleanly and can be resumed."""

    exit_code = 75
