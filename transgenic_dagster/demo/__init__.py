"""The bundled demonstration: a small assembly and a checkpoint that has memorised it."""
