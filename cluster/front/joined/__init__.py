"""Shards that join a front, and the cameras that it gives them."""
