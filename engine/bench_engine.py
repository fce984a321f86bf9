"""What the live backend gains: python -m askcam.engine.bench_engine --help

The portable and the live backend (and stock `generate` with a static cache, compiled, on a GPU) over the same weights
and the same frames in one run. Needs torch, transformers, numpy and Pillow, on a GPU Triton too; nothing else. In a
checkout that is not installed see engine/bench.py on how to name the rooms. Prints a table and one line of JSON.
"""

import argparse
import json
import platform
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers

from askcam.engine import measuring_live as measuring
from askcam.engine.door import EngineConfig
from askcam.engine.errors import EngineError
from askcam.engine.live.build import build
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.loading import Loaded, load
from askcam.engine.measuring_live import BenchCamera
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Message, Question, Role, Text
from askcam.engine.shapes import random_model
from askcam.stream.window import Anchors

SIZES = {"tiny": (112, 84), "2b": (448, 336), "7b": (448, 336)}  # of the pictures of random models
RATIO_FRAMES = 16  # the window at which `ttft_ratio` is taken
FPS = 2.0


class Bench:
    """One run. Every step writes into `found`; one that fails is named there and the others go on."""

    def __init__(self, options: argparse.Namespace, loaded: Loaded) -> None:
        self.options, self.loaded = options, loaded
        self.began = time.monotonic()
        self.found: dict[str, Any] = {**_about(loaded), "repeats": options.repeats, "errors": {}}

    def step(self, name: str, run: Callable[[], Any]) -> None:
        """Do it, unless the time is used up."""
        used_s = time.monotonic() - self.began
        if self.options.budget_s is not None and used_s > self.options.budget_s:
            self.found["errors"][name] = f"left out: {used_s:.0f} s were used"
        else:
            try:
                self.found[name] = run()
                _say(f"[{time.monotonic() - self.began:6.1f} s] {name}: {json.dumps(self.found[name])}")
            except Exception as exc:  # the other steps' figures are worth having
                traceback.print_exc()
                self.found["errors"][name] = f"{type(exc).__name__}: {exc}"
        if self.options.out is not None:
            self.options.out.write_text(json.dumps(self.found, indent=1))

    def run(self) -> None:
        options, loaded = self.options, self.loaded
        self.step("floor", partial(measuring.floor, loaded))
        config = EngineConfig(
            loaded.info.id,
            threads=options.threads,
            max_waiting=4 * options.together,
            max_answering=options.together,
            fresh_ms=1e9,  # provisional pairs always: their cost is a figure of its own
        )
        portable = PortableEngine(loaded, config)
        try:
            for frames in options.frames:
                camera = self._camera(portable, f"portable {frames}", frames)
                self.step(
                    f"portable, {frames} frames",
                    partial(measuring.one_by_one, portable, camera.name, options.tokens, options.repeats),
                )
        finally:
            portable.close()
        if options.compiled:
            self.step(f"compiled, {options.frames[-1]} frames", self._compiled)
        began = time.monotonic()
        live = build(loaded, config)
        self.found["live_ready_s"] = round(time.monotonic() - began, 1)
        try:
            self._live(live)
        finally:
            live.close()
        self._sum_up()

    def _live(self, live: LiveEngine) -> None:
        options = self.options
        for frames in options.frames:
            room = frames // 2 <= live.anchors.max_pairs  # else the last pair is provisional anyway
            for provisional in (0, 1) if room else (0,):
                camera = self._camera(live, f"live {frames + provisional}", frames + provisional)
                self.step(
                    f"live, {frames} frames" + ", provisional pair" * provisional,
                    partial(measuring.one_by_one, live, camera.name, options.tokens, options.repeats),
                )
                live.detach(camera.name)
        frames = options.frames[-1]
        cameras = [self._camera(live, f"own {i}", frames) for i in range(options.together)]
        for name, chosen in (("one window", cameras[:1]), ("own windows", cameras)):
            self.step(
                f"live, {options.together} questions, {name}",
                partial(
                    measuring.together,
                    live,
                    [camera.name for camera in chosen],
                    options.together,
                    options.tokens,
                    3,
                ),
            )
        few = cameras[: options.growing]
        for camera in cameras[options.growing :]:
            live.detach(camera.name)
        self.step(
            "live, while windows grow",
            lambda: measuring.while_growing(live, few, few[0].name, options.tokens, options.seconds / 3, FPS),
        )
        for camera in few:
            live.detach(camera.name)
        many = [self._camera(live, f"kept {i}", 2 * live.anchors.keep) for i in range(options.cameras)]
        self.step("live, cameras sustained", lambda: measuring.sustained(live, many, options.seconds, FPS))

    def _camera(self, engine: LiveEngine | PortableEngine, name: str, frames: int) -> BenchCamera:
        """Attached, with so many frames in its window. The last pair is provisional where the window has no room."""
        fit = engine.fit(*(self.options.size or SIZES.get(self.options.shape, (640, 480))))
        most = 2 * engine.anchors.max_pairs
        if frames > most + 2:
            raise EngineError(f"windows of this model hold {most + 2} frames with the newest; want fewer --frames")
        camera = BenchCamera(name, engine.anchors, fit.width, fit.height, FPS)
        camera.show(min(frames, most + 1))
        engine.attach(camera)
        if isinstance(engine, LiveEngine):
            measuring.settle(engine)
        return camera

    def _compiled(self) -> dict[str, float]:
        frames = self.options.frames[-1]
        prompter = LivePrompter(self.loaded, EngineConfig("").positions)
        fit = self.loaded.spec.fit_frame(*(self.options.size or SIZES.get(self.options.shape, (640, 480))))
        camera = BenchCamera("compiled", Anchors.within(self.loaded.info.max_pairs), fit.width, fit.height, FPS)
        camera.show(frames)
        question = Question((Message(Role.USER, (Text(measuring.QUESTION),)),), camera.name)
        prompt, _ = prompter.whole(question, camera.look())
        return measuring.compiled(self.loaded, dict(prompt.inputs), self.options.tokens, 3)

    def _sum_up(self) -> None:
        found, frames = self.found, min(self.options.frames, key=lambda count: abs(count - RATIO_FRAMES))
        stock, live = found.get(f"portable, {frames} frames"), found.get(f"live, {frames} frames")
        if stock and live:
            prepared_ms = stock["first_token_ms"] - stock["preprocess_ms"]
            found["ttft_frames"] = frames
            found["ttft_ratio"] = round(live["first_token_ms"] / stock["first_token_ms"], 4)
            found["ttft_ratio_without_preprocess"] = round(live["first_token_ms"] / prepared_ms, 4)
        if "floor" in found and self.loaded.device.type == "cuda":  # a CPU keeps small models in its caches
            for row in found.values():
                if isinstance(row, dict) and "first_token_ms" in row and row.get("tokens_per_s"):
                    row["share_of_floor"] = round(found["floor"]["floor_ms"] * row["tokens_per_s"] / 1e3, 3)


def run(argv: Sequence[str] | None = None, default_model: str | None = None) -> None:
    """Measure, print a table, and one line of JSON as the last. Exits with 1 when a step failed."""
    options = _options(argv, default_model)
    try:
        bench = Bench(options, _loaded(options, default_model))
        bench.run()
    except EngineError as exc:
        _say(f"bench: {exc}")
        sys.exit(2)
    print(table(bench.found))
    print(json.dumps(bench.found))
    if bench.found["errors"]:
        sys.exit(1)


def table(found: dict[str, Any]) -> str:
    """For people: a line per step."""
    lines = [
        f"{found['model']} ({found['parameters'] / 1e6:.1f}M, {found['dtype']}) on {found['device']}, {found['date']}"
    ]
    for name, row in found.items():
        if isinstance(row, dict) and name != "errors":
            lines.append(f"{name:36s}" + "  ".join(f"{key} {value:g}" for key, value in row.items()))
    for name, said in found["errors"].items():
        lines.append(f"{name:36s}FAILED: {said}")
    if "ttft_ratio" in found:
        lines.append(
            f"first token, live / portable at {found['ttft_frames']} frames: {found['ttft_ratio']:g} "
            f"(without preprocessing: {found['ttft_ratio_without_preprocess']:g})"
        )
    if not found["device"].startswith("NVIDIA"):
        lines.append("no GPU was used: these are no GPU figures")
    return "\n".join(lines)


def _options(argv: Sequence[str] | None, default_model: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="askcam bench engine", description="What the live backend gains.")
    which = parser.add_mutually_exclusive_group(required=default_model is None)
    which.add_argument("--model", help="a model's folder or hub id")
    which.add_argument("--shape", choices=["2b", "7b"], help="random weights of Qwen2-VL's real shape, for a GPU")
    which.add_argument("--tiny", action="store_const", const="tiny", dest="shape", help="a random toy: does it run?")
    parser.add_argument("--frames", type=int, nargs="+", metavar="N", help="window lengths, even")
    parser.add_argument("--size", type=_size, metavar="WxH", help="the cameras' picture")
    parser.add_argument("--tokens", type=int, metavar="N", help="of an answer")
    parser.add_argument("--repeats", type=int, metavar="N", help="questions per window")
    parser.add_argument("--together", type=int, metavar="N", help="questions at once")
    parser.add_argument("--growing", type=int, metavar="N", help="cameras that grow while questions are asked")
    parser.add_argument("--cameras", type=int, metavar="N", help="cameras whose windows are to be sustained")
    parser.add_argument("--seconds", type=float, metavar="S", help="that they are sustained for")
    parser.add_argument("--compiled", action="store_true", help="also stock generate, compiled: takes minutes")
    parser.add_argument("--budget-s", type=float, metavar="S", help="leave out steps after so long")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures there after every step")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args(argv)
    usual: dict[str, Any] = (
        {"frames": [16, 32], "tokens": 128, "repeats": 10, "together": 16, "growing": 8, "cameras": 50, "seconds": 30.0}
        if torch.cuda.is_available() and options.device != "cpu"
        else {"frames": [8, 16], "tokens": 12, "repeats": 5, "together": 4, "growing": 2, "cameras": 4, "seconds": 6.0}
    )
    for name, value in usual.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if any(frames < 2 or frames % 2 for frames in options.frames):
        parser.error(f"--frames {options.frames}: want even numbers")
    if min(options.tokens, options.repeats, options.together, options.growing, options.cameras) < 1:
        parser.error("counts must be 1 or more")
    options.growing = min(options.growing, options.together)
    return options


def _loaded(options: argparse.Namespace, default_model: str | None) -> Loaded:
    if options.shape:
        device = torch.device("cuda" if torch.cuda.is_available() and options.device != "cpu" else "cpu")
        _say(f"making random weights on {device}")
        return random_model(options.shape, device, torch.float32 if device.type == "cpu" else torch.bfloat16)
    config = EngineConfig(options.model or default_model or "", device=options.device, threads=options.threads)
    return load(config, lambda what, share: None)


def _about(loaded: Loaded) -> dict[str, Any]:
    cuda = loaded.device.type == "cuda"
    name = torch.cuda.get_device_name(loaded.device) if cuda else f"cpu ({platform.machine()})"
    return {
        "bench": "engine",
        "model": loaded.info.id,
        "parameters": loaded.info.num_parameters,
        "device": name,
        "threads": torch.get_num_threads(),
        "dtype": loaded.info.dtype,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    run()
