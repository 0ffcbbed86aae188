"""Figures and pictures of a result."""
