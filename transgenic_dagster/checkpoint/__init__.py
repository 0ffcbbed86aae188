"""Files of a model: where they are, and what ``config.json`` says; read without torch."""
