"""Clips of events: a few seconds of film, from before each of them."""
