"""Where frames come from. One small interface (base.py), one file per kind of source."""
