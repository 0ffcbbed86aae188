"""Home of a lab's assemblies: a folder, its registry and its options, without Dagster."""
