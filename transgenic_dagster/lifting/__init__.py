"""Lifting: where the genes of an annotated assembly lie in a new one, by alignment."""
