"""FASTA files: index, compression, and the DNA in them."""
