"""How long an answer takes, stage by stage: python -m askcam.engine.bench portable --help

Needs torch, torchvision, transformers and numpy (Pillow comes with them); qwen-vl-utils, OpenCV and accelerate only if
they are there. In a checkout that is not installed, give Python a folder in which the rooms are named as installed:

    mkdir -p build/bench/askcam && ln -sfn "$PWD"/engine "$PWD"/stream build/bench/askcam/
    PYTHONPATH=build/bench python -m askcam.engine.bench portable --shape 7b
"""

import argparse
import json
import platform
import queue
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import transformers

from askcam.engine.choosing import LARGEST_SEED
from askcam.engine.door import EngineConfig
from askcam.engine.errors import EngineError, ModelError
from askcam.engine.loading import DTYPES, Loaded, load, pick_device
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Event, Failed, Finished, Message, Question, Role, Sampling, Text
from askcam.engine.shapes import random_model
from askcam.stream.frame import Frame
from askcam.stream.window import Pair, View

QUESTION = "What do you see?"
STAGES = {
    "wait": "wait_ms",
    "preprocess": "preprocess_ms",
    "vision": "vision_ms",
    "prefill": "prefill_ms",
    "first token": "first_token_ms",
    "decode": "decode_ms",
    "whole answer": "total_ms",
}
SIZES = {"tiny": (112, 84), "2b": (448, 336), "7b": (448, 336)}  # of the pictures of random models


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one window length, in milliseconds."""

    frames: int
    width: int
    height: int
    prompt_tokens: int
    answer_tokens: int
    wait_ms: float
    preprocess_ms: float
    vision_ms: float
    prefill_ms: float
    first_token_ms: float
    decode_ms: float
    total_ms: float
    tokens_per_s: float  # after the first


class StillCamera:
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


def run(argv: Sequence[str] | None = None, default_model: str | None = None) -> None:
    """Measure, print a table, and one line of JSON as the last. Exits with 2 and one line on wrong arguments."""
    options = _parser(default_model).parse_args(argv)
    try:
        loaded = _loaded(options, default_model)
        size = options.size or SIZES.get(options.shape, (640, 480))
        rows = measure(loaded, options.frames, size, options.repeats, options.tokens, options.threads, _say)
    except EngineError as exc:
        _say(f"bench: {exc}")
        sys.exit(2)
    about = {
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
    print(table(about, rows))
    print(json.dumps({**about, "rows": [asdict(row) for row in rows]}))


def measure(
    loaded: Loaded,
    frames: Sequence[int],
    size: tuple[int, int],
    repeats: int,
    tokens: int,
    threads: int | None,
    say: Callable[[str], None],
) -> list[Row]:
    """Ask `repeats` times about each window length, after two questions that don't count. Raises EngineError."""
    engine = PortableEngine(loaded, EngineConfig(loaded.info.id, threads=threads))
    try:
        rows = []
        for num_frames in frames:
            fit = engine.fit(*size)
            say(f"{num_frames} frames of {fit.width}x{fit.height}, {repeats} questions")
            camera = StillCamera(num_frames, fit.width, fit.height)
            engine.attach(camera)
            answers = [_ask(engine, tokens) for _ in range(repeats + 2)][2:]
            engine.detach(camera.name)
            rows.append(_row(num_frames, fit.width, fit.height, answers))
        return rows
    finally:
        engine.close()


def table(about: dict[str, Any], rows: Sequence[Row]) -> str:
    """For people: one column per window length."""
    lines = [
        f"{about['model']} ({about['parameters'] / 1e6:.1f}M, {about['dtype']}) on {about['device']}, "
        f"portable backend, medians over {about['repeats']}, milliseconds",
        "",
    ]
    body = [
        ["frames", *(str(row.frames) for row in rows)],
        ["size", *(f"{row.width}x{row.height}" for row in rows)],
        ["prompt tokens", *(str(row.prompt_tokens) for row in rows)],
        ["answer tokens", *(str(row.answer_tokens) for row in rows)],
    ]
    for name, field in STAGES.items():
        body.append([name, *(f"{getattr(row, field):.1f}" for row in rows)])
    body.append(["tokens/s", *(f"{row.tokens_per_s:.1f}" for row in rows)])
    widths = [max(len(line[i]) for line in body) for i in range(len(rows) + 1)]
    for line in body:
        cells = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        lines.append("  ".join([line[0].ljust(widths[0]), *cells]))
    return "\n".join(lines)


def _ask(engine: PortableEngine, tokens: int) -> Finished:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    sampling = Sampling(max_tokens=tokens, temperature=0, seed=LARGEST_SEED)
    engine.ask(Question((Message(Role.USER, (Text(QUESTION),)),), "bench", sampling), events.put)
    while True:
        event = events.get()
        if isinstance(event, Failed):
            raise event.error
        if isinstance(event, Finished):
            return event


def _row(frames: int, width: int, height: int, answers: Sequence[Finished]) -> Row:
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


def _loaded(options: argparse.Namespace, default_model: str | None) -> Loaded:
    device = pick_device(options.device)
    if options.shape:
        dtype = DTYPES.get(options.dtype, torch.float32 if device.type == "cpu" else torch.bfloat16)
        _say(f"making random weights on {device}")
        return random_model(options.shape, device, dtype)
    model: str = options.model or default_model or ""
    config = EngineConfig(model, device=options.device, dtype=options.dtype, threads=options.threads)
    loaded = load(config, lambda what, share: None)
    if max(options.frames) > 2 * loaded.info.max_pairs:
        raise ModelError(f"{model!r} takes at most {2 * loaded.info.max_pairs} frames, not {max(options.frames)}")
    return loaded


def _parser(default_model: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="askcam bench", description="Where the time of an answer goes.")
    parser.add_argument("what", choices=["portable"], help="the backend: stock transformers")
    which = parser.add_mutually_exclusive_group(required=default_model is None)
    which.add_argument("--model", help="a model's folder or hub id")
    which.add_argument("--shape", choices=["2b", "7b"], help="random weights of Qwen2-VL's real shape")
    which.add_argument(
        "--tiny", action="store_const", const="tiny", dest="shape", help="a random toy, to see that it runs"
    )
    parser.add_argument("--frames", type=_even, nargs="+", default=[8], metavar="N", help="window lengths (8)")
    parser.add_argument("--size", type=_size, metavar="WxH", help="the camera's picture")
    parser.add_argument("--tokens", type=_positive, default=32, metavar="N", help="longest answer (32)")
    parser.add_argument("--repeats", type=_positive, default=20, metavar="N", help="questions per window (20)")
    parser.add_argument("--threads", type=_positive, metavar="N", help="CPU threads (torch's choice)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto", choices=["auto", *DTYPES])
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _even(text: str) -> int:
    value = _positive(text)
    if value % 2:
        raise argparse.ArgumentTypeError(f"{text} frames are no whole pairs; want an even number")
    return value


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return _positive(width), _positive(height)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.machine()}, {torch.get_num_threads()} threads)"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    run()
