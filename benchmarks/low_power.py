"""What a camera costs in full power and in low power: seconds of the engine's thread for a minute of frames at 2 fps.

    python benchmarks/low_power.py [--turns 2] [--frames 120] [--part 8]

The built-in model, which was trained on some grids, so that its pixels stay; with --part a random one of Qwen2-VL-2B's
widths in bfloat16, with one layer and block of so many. Two scenes: the drawn one, in which something moves all the
time, and one moment of it with a sensor's noise (3 of 255 before resizing). Frames are handed in one after the other,
each when the one before is in its windows, through the same gate as a camera's. One engine each, on one thread, in one
process and run, turn by turn. Table, then one JSON line.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import torch

from askcam.demo.builtin import model_path
from askcam.demo.scene import HEIGHT, WIDTH
from askcam.demo.synthetic import SyntheticScene
from askcam.engine.bench import shapes
from askcam.engine.checkpoint import load
from askcam.engine.families.spec import LIVE_TOKENS, MAX_PAIRS, ModelLimits
from askcam.engine.interface import EngineConfig, PowerMode
from askcam.engine.live.build import build
from askcam.engine.live.engine import LiveEngine
from askcam.engine.power import LEAST_TOKENS, LOW_POWER_GATE, smaller_frames
from askcam.stream.fit import resize
from askcam.stream.frame import Frame, Pixels
from askcam.stream.health import gray
from askcam.stream.sampler import MotionGate
from askcam.stream.window import View, Window

FPS, MINUTE = 2.0, 120  # frames
POWERS: tuple[Literal["full", "low"], ...] = ("full", "low")
SCENE = SyntheticScene(7)


def engines_of(part: int | None) -> dict[str, LiveEngine]:
    """One for each power, on the same weights."""
    config = {power: EngineConfig("", "live", power=power, threads=1, kv_gb=0.3) for power in POWERS}
    if part is None:
        loaded = load(replace(config["full"], model=str(model_path())), lambda what, share: None)
    else:
        shapes.shorten("2b", part)
        loaded = shapes.random_model(shapes.PART, torch.device("cpu"), torch.bfloat16, MAX_PAIRS)
        usual = ModelLimits(loaded.spec.frame.min_pixels, LIVE_TOKENS * loaded.spec.factor**2)
        loaded = replace(loaded, spec=replace(loaded.spec, frame=usual))
    low = replace(
        loaded,
        spec=smaller_frames(loaded.spec, config["low"], LEAST_TOKENS),
        info=replace(loaded.info, power=PowerMode(low=True)),
    )
    return {"full": build(loaded, config["full"]), "low": build(low, config["low"])}


class Handed:
    """A camera whose frames are handed in."""

    def __init__(self, name: str, engine: LiveEngine) -> None:
        self.name, self._fit = name, engine.fit(WIDTH, HEIGHT)
        self._window = Window(name, engine.anchors, FPS)
        self._gate = MotionGate(LOW_POWER_GATE if engine.info.power.low else None)
        self._tell: list[Callable[[], None]] = []
        self._seq = self.kept = 0

    def hand(self, pixels: Pixels) -> None:
        self._seq += 1
        frame = Frame(self.name, self._seq, time.time(), self._seq / FPS, resize(pixels, self._fit))
        luma, before = gray(frame.pixels), self._window.num_pairs_seen
        self._window.add(frame, self._gate.still(luma, frame.mono))
        if self._window.num_pairs_seen > before:
            self.kept += 1
            self._gate.kept(luma, frame.mono)
            for tell in self._tell:
                tell()

    def look(self) -> View:
        raise AssertionError("nobody asks")

    def peek(self) -> View | None:
        return self._window.settled()

    def on_pair(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._tell.append(callback)
        return lambda: self._tell.remove(callback)


def moving(number: int) -> Pixels:
    return SCENE.at(1e9 + number / FPS)


def still(number: int) -> Pixels:
    noise = np.random.default_rng(number).normal(0.0, 3.0, (HEIGHT, WIDTH, 3))
    return np.clip(SCENE.at(1e9) + noise, 0, 255).astype(np.uint8)


def run(engine: LiveEngine, scene: Callable[[int], Pixels], numbers: range, camera: Handed) -> float:
    """CPU seconds of the engine's thread for a minute of such frames."""
    ident = engine._thread.ident
    assert ident is not None
    clock = time.pthread_getcpuclockid(ident)
    began = time.clock_gettime(clock)
    for number in numbers:
        camera.hand(scene(number))
        while engine.lagging():
            time.sleep(0.002)
    return (time.clock_gettime(clock) - began) * MINUTE / len(numbers)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--frames", type=int, default=MINUTE, help="of each turn")
    parser.add_argument("--part", type=int, help="one layer of so many")
    args = parser.parse_args()
    torch.set_num_threads(1)
    engines = engines_of(args.part)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for scene in (moving, still):
        cameras = {power: Handed(scene.__name__, engine) for power, engine in engines.items()}
        taken: dict[str, list[float]] = {power: [] for power in POWERS}
        for power, camera in cameras.items():
            engines[power].attach(camera)
            run(engines[power], scene, range(4 * engines[power].anchors.max_pairs), camera)  # as its windows stay
            camera.kept = 0
        for turn in range(1, args.turns + 1):
            numbers = range(turn * args.frames, (turn + 1) * args.frames)
            for power, camera in cameras.items():
                taken[power].append(run(engines[power], scene, numbers, camera))
        of_scene = found[scene.__name__] = {}
        for power, camera in cameras.items():
            engines[power].detach(camera.name)
            pairs = camera.kept * MINUTE / (args.turns * args.frames)
            of_scene[power] = {"cpu_s": round(float(np.median(taken[power])), 3), "pairs": pairs}
        ratio = of_scene["low"]["cpu_s"] / of_scene["full"]["cpu_s"]
        print(f"{scene.__name__:<8} {of_scene}  low / full {ratio:.2f}", flush=True)
    for engine in engines.values():
        engine.close()
    print(json.dumps({"bench": "low power", "part": args.part, **found}))


if __name__ == "__main__":
    main()
