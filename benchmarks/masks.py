"""What privacy masks cost: CPU per picture that is sampled, beside none, in one run and in turns.

    python benchmarks/masks.py [--pictures 200]

A camera of 1920x1080 as PyAV decodes it (yuv420p), made into a frame of the built-in model's size, and in full. Cameras
are sampled twice a second: a share of a core is what two of these take. The last line is JSON.
"""

import argparse
import json
import math
import time
from statistics import median

import av
import numpy as np

from askcam.stream.fit import Fit
from askcam.stream.frame import AgeBasis
from askcam.stream.masks import NO_MASKS, Masks
from askcam.stream.polygons import MAX_MASKS, MAX_POINTS, Polygon
from askcam.stream.shot import Shot
from askcam.stream.sources.yuv import Converter, YUVPicture

WIDTH, HEIGHT = 1920, 1080
FRAME = Fit.stretch(WIDTH, HEIGHT, 280, 168)


def circle(x: float, y: float, far: float, points: int) -> Polygon:
    turns = [2 * math.pi * point / points for point in range(points)]
    return tuple((x + far * math.sin(turn), y - far * math.cos(turn)) for turn in turns)


CASES = {
    "none": NO_MASKS,
    "one of 4 points": Masks((((0.1, 0.1), (0.4, 0.15), (0.4, 0.6), (0.1, 0.5)),)),
    f"{MAX_MASKS} of {MAX_POINTS} points": Masks(
        tuple(circle(0.1 + 0.11 * (each % 8), 0.25 + 0.5 * (each // 8), 0.05, MAX_POINTS) for each in range(MAX_MASKS))
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", type=int, default=200)
    args = parser.parse_args()
    random = np.random.default_rng(7)
    frames = [
        av.VideoFrame.from_ndarray(random.integers(0, 256, (HEIGHT * 3 // 2, WIDTH), np.uint8), "yuv420p")
        for _ in range(4)
    ]
    converters = {case: Converter() for case in CASES}
    took: dict[str, dict[str, list[float]]] = {case: {"frame": [], "full": []} for case in CASES}
    for number in range(args.pictures):
        for case, masks in CASES.items():
            frame = frames[number % len(frames)]
            picture = YUVPicture(frame, converters[case], 5000.0 + number, 1000.0 + number, AgeBasis.CAPTURE)
            shot = Shot("yard", number + 1, picture, None, masks)
            begun = time.process_time()
            shot.fitted(lambda width, height: FRAME)
            sampled = time.process_time()
            shot.full()
            took[case]["frame"].append(sampled - begun)
            took[case]["full"].append(time.process_time() - begun)
    found = {
        case: {what: round(1000 * median(times), 3) for what, times in each.items()} for case, each in took.items()
    }
    for case, each in found.items():
        print(f"{case:>18}: {each['frame']:6.2f} ms of CPU for a frame, {each['full']:6.2f} ms with the full picture")
    print(json.dumps({"pictures": args.pictures, "size": [WIDTH, HEIGHT], "cpu_ms": found}))


if __name__ == "__main__":
    main()
