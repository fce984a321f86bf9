"""Does `askcam summarize` find what happened? Films of drawn objects that come and go at known times.

    python benchmarks/summarize.py [--seeds 5000:5001] [--seconds 600] [--language en] [--fps 2]

Each film is written as H.264 and summarised by the command itself, in a process of its own. An event counts as found
when one of its kind is told within TOLERANCE_S of the truth, each told one for one happening; as named when it also
bears the drawing's name. Prints what was missed and what was told besides, a table, and one JSON line.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.films import Film, Happening, make_film, write_film

from askcam.server.language.things import key

TOLERANCE_S = 2.0


@dataclass
class Tally:
    happened: int = 0
    told: int = 0
    found: int = 0
    named: int = 0
    off_s: list[float] = field(default_factory=list)
    film_s: float = 0.0
    took_s: float = 0.0

    @property
    def row(self) -> dict[str, float]:
        return {
            "recall": share(self.found, self.happened),
            "precision": share(self.found, self.told),
            "named_recall": share(self.named, self.happened),
            "named_precision": share(self.named, self.told),
            "off_s_mean": round(sum(self.off_s) / max(1, len(self.off_s)), 2),
            "off_s_max": round(max(self.off_s, default=0.0), 2),
            "film_s": round(self.film_s, 1),
            "took_s": round(self.took_s, 1),
            "share_of_length": round(self.took_s / self.film_s, 3),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="5000:5001", help="FIRST:END, half open")
    parser.add_argument("--seconds", type=float, default=600.0, help="of each film")
    parser.add_argument("--language", default="en", choices=("en", "zh"))
    parser.add_argument("--fps", default="2")
    args = parser.parse_args()
    first, end = map(int, args.seeds.split(":"))
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, end):
            film, path = make_film(seed, args.seconds), Path(folder) / f"{seed}.mp4"
            write_film(film, path)
            begun = time.monotonic()
            events = summarize(path, args.language, args.fps)
            tally.took_s += time.monotonic() - begun
            tally.film_s += film.seconds
            score(film, events, args.language, tally)
            path.unlink()
    for name, value in (("happened", tally.happened), ("told", tally.told), *tally.row.items()):
        print(f"{name:18}{value:>10}")
    about = {"seeds": args.seeds, "language": args.language, "tolerance_s": TOLERANCE_S}
    print(json.dumps({"benchmark": "summarize", **about, "happened": tally.happened, "told": tally.told, **tally.row}))


def summarize(path: Path, language: str, fps: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "askcam.app.cli", "summarize", str(path)]
    options = ["--format", "json", "--language", language, "--fps", fps]
    done = subprocess.run([*command, *options], stdout=subprocess.PIPE, text=True, check=True)
    events: list[dict[str, Any]] = json.loads(done.stdout)["events"]
    return events


def score(film: Film, events: list[dict[str, Any]], language: str, tally: Tally) -> None:
    """Named ones first, so that a nearer stranger doesn't take a happening's place; then by time."""
    left = list(events)
    missed: list[Happening] = []
    for happening in film.truth:
        near = [event for event in left if fits(event, happening) and named(event, happening, language)]
        if near:
            tally.named += 1
            take(near, left, happening, tally)
        else:
            missed.append(happening)
    for happening in missed:
        near = [event for event in left if fits(event, happening)]
        called = f"told as {near[0]['what']!r}" if near else "not told"
        what = "appears" if happening.appears else "disappears"
        print(f"film {film.seed}, {happening.at_s:.1f} s: {happening.drawn.a} {what}: {called}", flush=True)
        if near:
            take(near, left, happening, tally)
    for event in left:
        print(f"film {film.seed}, {event['at_s']:.1f} s: {event['text']!r} is told, and did not happen", flush=True)
    tally.happened += len(film.truth)
    tally.told += len(events)


def take(near: list[dict[str, Any]], left: list[dict[str, Any]], happening: Happening, tally: Tally) -> None:
    event = min(near, key=lambda one: abs(one["at_s"] - happening.at_s))
    left.remove(event)
    tally.found += 1
    tally.off_s.append(abs(event["at_s"] - happening.at_s))


def fits(event: dict[str, Any], happening: Happening) -> bool:
    kind = "appeared" if happening.appears else "disappeared"
    return bool(event["kind"] == kind and abs(event["at_s"] - happening.at_s) <= TOLERANCE_S)


def named(event: dict[str, Any], happening: Happening, language: str) -> bool:
    if language == "zh":  # "一只猫": the name stands behind a number and a measure word
        return str(event["what"]).endswith(happening.drawn.zh)
    return key(event["what"]) == key(happening.drawn.a)


def share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


if __name__ == "__main__":
    main()
