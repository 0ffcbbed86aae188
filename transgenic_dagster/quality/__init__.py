"""Quality metrics, tables and pictures of a result."""
