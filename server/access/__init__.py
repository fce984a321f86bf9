"""Who may come in, from where, how often, and how much they may bring."""
