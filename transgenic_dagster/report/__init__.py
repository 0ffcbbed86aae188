"""The report of a run: one HTML page on what was done, how good it is and what to look at first."""
