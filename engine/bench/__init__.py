"""Benchmarks of the backends: `askcam bench`, `python -m askcam.engine.bench`."""
