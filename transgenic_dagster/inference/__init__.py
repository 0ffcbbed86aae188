"""From windows to token ids: planning, beam search, the engine and the journal."""
