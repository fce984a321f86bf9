"""The event log: what was told, kept on disk in order, followed and acknowledged by whoever wants it, with pictures."""
