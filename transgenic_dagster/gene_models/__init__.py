"""From gene sentences to gene models to GFF3, rejects and quality figures."""
