"""Summaries, plugged in: a command, and nothing in a running server."""

from askcam.features.summary.cli import add_command
from askcam.server.feature import Feature

FEATURE = Feature(name="summary", commands=add_command)
