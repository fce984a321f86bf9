"""How well a product desk reads: EAN-13s of many sizes, tilts, blurs and noises, in one frame and in a second's frames.

    python benchmarks/barcode.py [--labels 2] [--frames 5] [--seed 0]

Each label is a card before a drawn scene (960x540), held by a hand: it drifts and trembles by some pixels, every frame
has its own noise and motion blur and goes through JPEG
(tests/support/servers/desk_scene.py). `zxing` is one frame as zxing-cpp
reads it, `one frame` the last frame as the desk reads it, `the second` all frames of a second as the desk reads them,
which looks at most five times a second; `verified` those of them that it would tell as facts. Wrong: another number
than the label's was told so. Milliseconds are one frame's, by one thread. Table, then one JSON line.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import zxingcpp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.servers.desk_scene import burst

from askcam.demo.synthetic import SyntheticScene
from askcam.features.desk.catalogue import gtin
from askcam.features.desk.reading import Burst, read
from askcam.features.desk.sightings import Sightings, verified

MODULES = (0.8, 1.0, 1.2, 1.5, 2.0)  # pixels per module: an EAN-13 is 95 of them wide
TILTS = ((0, 0), (15, 0), (45, 0), (0, 35), (15, 35))  # degrees in the picture, and out of it
BLURS = (0.0, 0.8, 1.5)  # pixels, standard deviation
NOISES = (2.0, 8.0, 16.0)  # luma, standard deviation
WANTED = 1.3  # the second's share by one frame's
KINDS = ("zxing", "one frame", "the second", "verified")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--labels", type=int, default=2, help="of each size, tilt, blur and noise")
    parser.add_argument("--frames", type=int, default=5, help="of one second")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    scene = cv2.cvtColor(SyntheticScene(7).at(10.0), cv2.COLOR_RGB2GRAY)
    backdrop = np.asarray(cv2.resize(scene, (960, 540)), np.uint8)
    right: dict[tuple[str, float], dict[str, int]] = defaultdict(lambda: dict.fromkeys(KINDS, 0))
    counts: dict[tuple[str, float], int] = defaultdict(int)
    took: dict[str, list[float]] = {"zxing": [], "desk": []}
    wrong = 0
    for module in MODULES:
        for tilt in TILTS:
            for blur in BLURS:
                for noise in NOISES:
                    for _ in range(args.labels):
                        digits = "".join(map(str, rng.integers(0, 10, 12)))
                        digits += gtin.check_digit(digits)
                        frames = list(burst(backdrop, digits, module, *tilt, blur, noise, rng, args.frames))
                        got, others = _read_all(frames, digits, took)
                        wrong += others
                        if others:
                            print(f"# wrong: {module:g} {tilt} {blur:g} {noise:g} {digits}", file=sys.stderr)
                        for cell in (("module", module), ("tilt", TILTS.index(tilt)), ("blur", blur), ("noise", noise)):
                            counts[cell] += 1
                            for kind in KINDS:
                                right[cell][kind] += got[kind]
        print(f"# {module:g} pixels per module done", file=sys.stderr, flush=True)
    _table(right, counts)
    total = sum(count for (what, _), count in counts.items() if what == "module")
    shares = {kind: sum(right["module", m][kind] for m in MODULES) / total for kind in KINDS}
    gain = shares["the second"] / shares["one frame"]
    line = {"benchmark": "barcode", "labels": total, "frames": args.frames, "seed": args.seed}
    line |= {"share": {kind: round(share, 3) for kind, share in shares.items()}, "gain": round(gain, 2)}
    line |= {"wrong": wrong, "ms_per_frame": {kind: _percentiles(ms) for kind, ms in took.items()}}
    print(json.dumps(line | {"wanted": WANTED, "met": gain >= WANTED and not wrong}))


def _read_all(
    frames: list[np.ndarray],
    digits: str,
    took: dict[str, list[float]],  # type: ignore[type-arg]
) -> tuple[dict[str, bool], int]:
    """What each way of reading makes of a burst, and how many other numbers were told as verified."""
    began = time.perf_counter()
    plain = {each.text for each in zxingcpp.read_barcodes(frames[-1], zxingcpp.BarcodeFormat.EANUPC)}
    took["zxing"].append((time.perf_counter() - began) * 1000)
    together, seen, single = Burst(), Sightings(), False
    for number, frame in enumerate(frames):
        began = time.perf_counter()
        reading = read(frame)
        at = number / len(frames)
        seen.add(together.add(reading, at), at, at)
        took["desk"].append((time.perf_counter() - began) * 1000)
        single = digits in {code.text for code in reading.codes}
    found = {each.text for each in seen.now(1.0)}
    told = {each.text for each in verified(seen.now(1.0))}
    got = {"zxing": digits in plain, "one frame": single, "the second": digits in found, "verified": digits in told}
    return got, len(told - {digits})


def _table(right: dict[tuple[str, float], dict[str, int]], counts: dict[tuple[str, float], int]) -> None:
    print(f"{'':24}" + "".join(f"{kind:>12}" for kind in KINDS))
    for (what, value), count in sorted(counts.items()):
        named = f"{value:g}" if what != "tilt" else "{}° in, {}° out".format(*TILTS[int(value)])
        shares = "".join(f"{right[what, value][kind] / count:12.0%}" for kind in KINDS)
        print(f"{what + ' ' + named:24}{shares}")


def _percentiles(ms: list[float]) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(ms, q)), 1) for q in (50, 95)}


if __name__ == "__main__":
    main()
