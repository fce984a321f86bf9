"""TCP connections, before any request: how many, from whom, how slow they may be, and who is let go first."""
