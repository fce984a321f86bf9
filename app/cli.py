"""The `askcam` program: which language it speaks is settled before its help texts are looked up (program.py)."""

import os
import sys

from askcam.server.terminal.language import chosen
from askcam.server.terminal.words import speak


def main() -> None:
    """Runs what argv says; leaves with its exit code."""
    speak(chosen(sys.argv[1:], os.environ))
    from askcam.app.program import app

    app()


if __name__ == "__main__":
    main()
