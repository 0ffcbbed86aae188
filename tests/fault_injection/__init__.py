"""Faults injected into real runs of ``transgenic-annotate``, at every file operation they make."""
