"""A feature of another package: feature.py has all of it, locales/ what it says to people."""
