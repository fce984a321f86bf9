"""The `askcam` program: which language it speaks is settled before its help texts are looked up (program.py)."""

import os
import sys

from askcam.server.language.catalogue import SOURCE, LocaleError
from askcam.server.terminal.language import chosen
from askcam.server.terminal.reasons import reason_in
from askcam.server.terminal.words import speak, spoken_language, told


def main() -> None:
    """Runs what argv says; leaves with its exit code."""
    try:
        _run()
    except LocaleError as exc:
        print(f"askcam: {exc}", file=sys.stderr)
        raise SystemExit(2) from exc


def _run() -> None:
    speak(chosen(sys.argv[1:], os.environ))
    from askcam.app.program import app, left_out

    for why in left_out:
        print(told("note"), reason_in(why), file=sys.stderr)
    if spoken_language() != SOURCE:
        from askcam.app.frame import translate_frame

        translate_frame()
    app()


if __name__ == "__main__":
    main()
