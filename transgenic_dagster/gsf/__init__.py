"""The gene sentence (GSF): vocabulary, grammar and parser."""
