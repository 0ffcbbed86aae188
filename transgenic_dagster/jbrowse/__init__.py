"""A folder that JBrowse 2 opens: genome, annotations, rejects, and an index of names."""
