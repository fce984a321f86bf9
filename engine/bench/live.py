"""What the live backend gains: `askcam bench engine`.

The portable and the live backend (and stock `generate` with a static cache, compiled, on a GPU) over the same weights
and the same frames in one run. Prints a table and one line of JSON.
"""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from askcam.engine.bench import asking, growing, stock
from askcam.engine.bench.arguments import say
from askcam.engine.bench.camera import BenchCamera
from askcam.engine.bench.live_arguments import parse
from askcam.engine.bench.report import about, finish, sum_up, table
from askcam.engine.bench.shapes import SIZES, random_model
from askcam.engine.checkpoint import load
from askcam.engine.devices import working_on
from askcam.engine.errors import EngineError
from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import build, make_model
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Message, Question, Role, Text
from askcam.stream.window import Anchors

FPS = 2.0
ROUNDS = 3  # of questions at once; the first one more does not count


class Bench:
    """One run. Every step writes into `found`; one that fails is named there and the others go on."""

    def __init__(self, options: argparse.Namespace, loaded: Loaded) -> None:
        self.options, self.loaded = options, loaded
        self.began = time.monotonic()
        threads = f"{options.threads} CPU threads" if options.threads else "each backend's own CPU threads"
        self.found: dict[str, Any] = {**about(loaded), "threads": threads, "repeats": options.repeats, "errors": {}}
        self.config = EngineConfig(
            loaded.info.id,
            threads=options.threads,
            max_waiting=4 * options.together,
            max_answering=options.together,
            fresh_ms=1e9,  # provisional pairs always: their cost is a figure of its own
        )
        fit = loaded.spec.fit_frame(*(options.size or SIZES.get(options.shape, (640, 480))))
        self.width, self.height = fit.width, fit.height
        self.anchors = Anchors.within(loaded.info.max_pairs)

    def step(self, name: str, run: Callable[[], Any]) -> None:
        """Do it, unless the time is used up."""
        used_s = time.monotonic() - self.began
        if self.options.budget_s is not None and used_s > self.options.budget_s:
            self.found["errors"][name] = f"left out: {used_s:.0f} s were used"
        else:
            try:
                self.found[name] = run()
                say(f"[{time.monotonic() - self.began:6.1f} s] {name}: {json.dumps(self.found[name])}")
            except Exception as exc:  # the other steps' figures are worth having
                traceback.print_exc()
                self.found["errors"][name] = f"{type(exc).__name__}: {exc}"
        if self.options.out is not None:
            self.options.out.write_text(json.dumps(self.found, indent=1))

    def run(self) -> None:
        """All steps."""
        with working_on(self.loaded.device):
            self._steps()

    def _steps(self) -> None:
        loaded = self.loaded
        self.step("floor", partial(stock.floor, loaded))
        prompter = LivePrompter(loaded, self.config.positions)
        most_pairs = min(self.options.frames[-1] // 2, self.anchors.max_pairs)
        views = stock.views(loaded, self.width, self.height, most_pairs)
        rounding: list[stock.Rounding] = []
        if self.options.rounding:  # before the pool takes the memory
            self.step("wider weights", lambda: rounding.append(stock.Rounding(loaded, prompter, views)))
            self.found.pop("wider weights", None)
        portable = PortableEngine(loaded, self.config)
        try:
            self._portable(portable)
        finally:
            portable.close()
        if self.options.compiled:
            self.step(f"compiled, {self.options.frames[-1]} frames", self._compiled)
        began = time.monotonic()
        model = make_model(loaded, self.config)
        for made in rounding:
            self.step("logits' relative error", partial(made.of, model))
        live = build(loaded, self.config, model)
        self.found["live_ready_s"] = round(time.monotonic() - began, 1)
        try:
            self._one_by_one(live)
            self._together(live)
            self._growing(live)
        finally:
            live.close()
        sum_up(self.found, self.options.frames, loaded.device)

    def _portable(self, portable: PortableEngine) -> None:
        options = self.options
        for frames in options.frames:
            camera = self._camera(portable, f"portable {frames}", frames)
            one_by_one = partial(asking.one_by_one, portable, camera.name, options.tokens, options.repeats)
            self.step(f"portable, {frames} frames", one_by_one)
        cameras = [self._camera(portable, f"portable {i}", options.together_frames) for i in range(options.windows)]
        names = [camera.name for camera in cameras]
        together = partial(asking.together, portable, names, options.together, options.tokens, 1)
        self.step(f"portable, {options.together} questions", together)

    def _one_by_one(self, live: LiveEngine) -> None:
        options = self.options
        for frames in options.frames:
            camera = self._camera(live, f"live {frames}", frames)
            one_by_one = partial(asking.one_by_one, live, camera.name, options.tokens, options.repeats)
            self.step(f"live, {frames} frames", one_by_one)
            if frames // 2 <= self.anchors.max_pairs:  # else the last pair is provisional anyway
                self.step(f"live, {frames} frames, provisional pair", partial(one_by_one, before=camera.decode))
            live.detach(camera.name)

    def _together(self, live: LiveEngine) -> None:
        options = self.options
        cameras = [self._camera(live, f"own {i}", options.together_frames) for i in range(options.windows)]
        for name, chosen in (("one window", cameras[:1]), ("own windows", cameras)):
            names = [camera.name for camera in chosen]
            together = partial(asking.together, live, names, options.together, options.tokens, ROUNDS)
            self.step(f"live, {options.together} questions, {name}", together)
        for camera in cameras:
            live.detach(camera.name)

    def _growing(self, live: LiveEngine) -> None:
        options = self.options
        one = self._camera(live, "taken in", 2 * live.anchors.keep)
        self.step("live, a pair taken in", lambda: growing.taken_in(live, one, options.repeats))
        live.detach(one.name)
        few = [self._camera(live, f"growing {i}", 2 * live.anchors.keep) for i in range(options.growing)]
        self.step(
            "live, while windows grow",
            lambda: growing.while_growing(live, few, few[0].name, options.tokens, options.seconds / 3, FPS),
        )
        for camera in few:
            live.detach(camera.name)
        many = [self._camera(live, f"kept {i}", 2 * live.anchors.keep) for i in range(options.cameras)]
        self.step("live, cameras sustained", lambda: growing.sustained(live, many, options.seconds, FPS))

    def _camera(self, engine: LiveEngine | PortableEngine, name: str, frames: int) -> BenchCamera:
        """Attached, with so many frames in its window. The last pair is provisional where the window has no room."""
        most = 2 * self.anchors.max_pairs
        if frames > most + 2:
            raise EngineError(
                f"windows of this model hold {most + 2} frames with the newest: want fewer --frames, or --stretch"
            )
        camera = BenchCamera(name, self.anchors, self.width, self.height, FPS)
        camera.show(min(frames, most + 1))
        engine.attach(camera)
        if isinstance(engine, LiveEngine):
            growing.settle(engine)
        return camera

    def _compiled(self) -> dict[str, float]:
        prompter = LivePrompter(self.loaded, self.config.positions)
        camera = BenchCamera("compiled", self.anchors, self.width, self.height, FPS)
        camera.show(self.options.frames[-1])
        question = Question((Message(Role.USER, (Text(asking.QUESTION),)),), camera.name)
        prompt, _ = prompter.whole(question, camera.look())
        return stock.compiled(self.loaded, dict(prompt.inputs), self.options.tokens, ROUNDS)


def run(argv: Sequence[str], default_model: str | None = None) -> None:
    """Measure, print a table, and one line of JSON as the last. Exits with 1 when a step failed."""
    options = parse(argv, default_model)
    try:
        bench = Bench(options, _loaded(options))
        bench.run()
    except EngineError as exc:
        say(f"bench: {exc}")
        sys.exit(2)
    finish(table(bench.found), bench.found)


def _loaded(options: argparse.Namespace) -> Loaded:
    if options.shape:
        device = torch.device("cuda" if torch.cuda.is_available() and options.device != "cpu" else "cpu")
        say(f"making random weights on {device}")
        return random_model(options.shape, device, torch.float32 if device.type == "cpu" else torch.bfloat16)
    config = EngineConfig(options.model, device=options.device, dtype=options.dtype, threads=options.threads)
    loaded = load(config, lambda what, share: None)
    if options.stretch and 2 * loaded.info.max_pairs < options.frames[-1] + 2:
        loaded = replace(loaded, info=replace(loaded.info, max_pairs=options.frames[-1] // 2 + 1))
    return loaded
