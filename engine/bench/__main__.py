"""python -m askcam.engine.bench: command.py says how."""

import sys

from askcam.engine.bench.command import run

run(sys.argv[1:])
