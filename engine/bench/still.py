"""The measuring behind `bench portable`: a window that stands still, and the same question many times."""

import platform
import statistics
import time
from typing import Any

import numpy as np
import torch
import transformers

from askcam.engine.bench.asking import ask
from askcam.engine.bench.rows import Options, Row
from askcam.engine.bench.shapes import SIZES, random_model
from askcam.engine.checkpoint import load
from askcam.engine.devices import pick_device
from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Finished
from askcam.engine.weights import DTYPES
from askcam.stream.frame import Frame
from askcam.stream.window import Pair, View


class StillBenchCamera:
    """A window of noise that is always the same, its newest frame always fresh."""

    name = "bench"

    def __init__(self, num_frames: int, width: int, height: int, fps: float = 2.0) -> None:
        rng = np.random.default_rng(0)
        self._pixels = [rng.integers(0, 256, (height, width, 3), np.uint8) for _ in range(num_frames)]
        self._fps = fps

    def look(self) -> View:
        wall, mono = time.time(), time.monotonic()
        back = [(len(self._pixels) - 1 - i) / self._fps for i in range(len(self._pixels))]
        frames = [Frame(self.name, i, wall - back[i], mono - back[i], pixels) for i, pixels in enumerate(self._pixels)]
        pairs = tuple(Pair(i, frames[2 * i], frames[2 * i + 1]) for i in range(len(frames) // 2))
        return View(self.name, len(frames), 0, self._fps, pairs, provisional=False)


def measure(options: Options) -> tuple[dict[str, Any], list[Row]]:
    """What was measured on, and a row per window length. Two questions of each don't count. Raises EngineError."""
    loaded = load_for(options)
    size = options.size or SIZES.get(options.shape or "", (640, 480))
    engine = PortableEngine(loaded, EngineConfig(loaded.info.id, threads=options.threads))
    try:
        rows = []
        for num_frames in options.frames:
            fit = engine.fit(*size)
            options.say(f"{num_frames} frames of {fit.width}x{fit.height}, {options.repeats} questions")
            camera = StillBenchCamera(num_frames, fit.width, fit.height)
            engine.attach(camera)
            answers = [_ask(engine, options.tokens) for _ in range(options.repeats + 2)][2:]
            engine.detach(camera.name)
            rows.append(_row(num_frames, fit.width, fit.height, answers))
        return _about(loaded, options), rows
    finally:
        engine.close()


def load_for(options: Options) -> Loaded:
    device = pick_device(options.device)
    if options.shape:
        dtype = DTYPES.get(options.dtype, torch.float32 if device.type == "cpu" else torch.bfloat16)
        options.say(f"making random weights on {device}")
        return random_model(options.shape, device, dtype)
    assert options.model is not None
    config = EngineConfig(options.model, device=options.device, dtype=options.dtype, threads=options.threads)
    loaded = load(config, lambda what, share: None)
    if max(options.frames) > 2 * loaded.info.max_pairs:
        raise ModelError(
            f"{options.model!r} takes at most {2 * loaded.info.max_pairs} frames, not {max(options.frames)}"
        )
    return loaded


def _about(loaded: Loaded, options: Options) -> dict[str, Any]:
    return {
        "bench": "portable",
        "model": loaded.info.id,
        "parameters": loaded.info.num_parameters,
        "device": _device_name(loaded.device),
        "dtype": loaded.info.dtype,
        "attention": loaded.model.config._attn_implementation,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "date": time.strftime("%Y-%m-%d"),
        "repeats": options.repeats,
    }


def _ask(engine: PortableEngine, tokens: int) -> Finished:
    finished = ask(engine, StillBenchCamera.name, tokens).wait(patience_s=None).finished
    assert finished is not None
    return finished


def _row(frames: int, width: int, height: int, answers: list[Finished]) -> Row:
    def median_ms(stage: str) -> float:
        return round(1e3 * float(statistics.median(getattr(answer.timings, stage) for answer in answers)), 2)

    usage = answers[-1].usage
    rates = [(answer.usage.completion_tokens - 1) / answer.timings.decode_s for answer in answers]
    return Row(
        frames=frames,
        width=width,
        height=height,
        prompt_tokens=usage.prompt_tokens,
        answer_tokens=usage.completion_tokens,
        wait_ms=median_ms("wait_s"),
        preprocess_ms=median_ms("preprocess_s"),
        vision_ms=median_ms("vision_s"),
        prefill_ms=median_ms("prefill_s"),
        first_token_ms=median_ms("first_token_s"),
        decode_ms=median_ms("decode_s"),
        total_ms=median_ms("total_s"),
        tokens_per_s=round(statistics.median(rates), 1),
    )


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.machine()}, {torch.get_num_threads()} threads)"
