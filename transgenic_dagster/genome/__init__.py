"""Genome input: FASTA, annotation files, gene lists, windows and the region database."""
