"""A folder of assemblies, without Dagster."""
