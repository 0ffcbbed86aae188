"""Windows around genes, the region database, and the pieces that a genome is predicted in."""
