"""Annotation files of every kind, sorted, to a gene list."""
