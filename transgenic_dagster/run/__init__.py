"""One run: five stages over one folder, the same for every interface."""
