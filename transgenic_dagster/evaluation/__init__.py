"""Comparison of two annotations of one genome: measures, class codes, splicing events, changes."""
