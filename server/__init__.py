"""Who may ask, and how. Never torch."""
