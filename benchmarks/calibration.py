"""How sure is 0.97? The built-in model on drawings, and on a recording before which one object comes and goes.

    python benchmarks/calibration.py [--seeds 200] [--first 20000000] [--seconds 1200] [--plot FILE.png]

Runs `askcam watch calibrate` itself: over --seeds synthetic cameras from --first on, asked about the object that is
there and about one that is not; and over a film of --seconds, in which the object comes and goes, asked every 2 s and
judged by the newest frame. Right after a change a window still shows what was before, so the film is harder; it is
measured a second time without the 8 s after each change. --plot draws the film's. Table, then one JSON line.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.scripted import Script, labels, record

SEED, BEGIN = 11, 1_700_000_000.0
SETTLE_S = "8"  # the longest window
FIGURES = ("samples", "positives", "auc", "ece", "brier")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=20_000_000)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    found = {"drawings": calibrate(f"synthetic:{args.first}", "--seeds", str(args.seeds))}
    script = Script(SEED, BEGIN)
    question = f"Is there {script.objects[0].a}? Answer yes or no."
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        record(script, film, args.seconds)
        film.with_suffix(".csv").write_text(labels(script, 0, args.seconds))
        known = [str(film), "--labels", str(film.with_suffix(".csv")), "--question", question]
        plot = [] if args.plot is None else ["--plot", str(args.plot.resolve())]
        found["film"] = calibrate(*known, *plot)
        found["film, settled"] = calibrate(*known, "--settle-s", SETTLE_S)
    print(f"{'':16}" + "".join(f"{name:>11}" for name in (*FIGURES, "on", "off", "precision", "recall")))
    for name, one in found.items():
        numbers = [one[figure] for figure in FIGURES]
        proposed, worth = one["proposed"] or {}, one["worth"] or {}
        numbers += [proposed.get("on"), proposed.get("off"), worth.get("precision"), worth.get("recall")]
        print(f"{name:16}" + "".join(f"{number!s:>11}" for number in numbers))
    kept = ("samples", "positives", "blind", "auc", "ece", "brier", "proposed", "worth", "intervals", "bins")
    rows = {name: {key: one[key] for key in kept} for name, one in found.items()}
    print(json.dumps({"benchmark": "calibration", "question": question, **rows}))


def calibrate(*args: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "askcam.app.cli", "watch", "calibrate", *args, "--every-s", "2", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
