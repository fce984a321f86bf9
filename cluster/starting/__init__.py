"""Shards that are started for a front, and started again when they end: by Ray."""
