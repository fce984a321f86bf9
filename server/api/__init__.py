"""Thin rooms, one per protocol: wire in, asking, wire out."""
