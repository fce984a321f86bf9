"""Everything that differs from one model family to the next, as pure functions."""
