"""What the live backend's kernels do on this device: `askcam bench kernels`.

Each operation against plain torch, which products they took over and how fast, what was captured, how long a pass of so
many rows takes, and the comparison with transformers. Prints a table and one line of JSON.

Without a GPU, TRITON_INTERPRET=1 has the kernels interpreted: what they compute is looked at then, not their speed.
"""

import argparse
import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from askcam.engine.bench.arguments import positive, say
from askcam.engine.bench.report import about, finish
from askcam.engine.bench.shapes import NAMES, random_model
from askcam.engine.checkpoint import load
from askcam.engine.devices import pick_device, working_on
from askcam.engine.errors import EngineError
from askcam.engine.interface import EngineConfig
from askcam.engine.live.build import divide, make_model
from askcam.engine.live.cuda import LIMIT, operation_errors
from askcam.engine.live.graphs import ROWS, Graphs
from askcam.engine.live.language import Language
from askcam.engine.live.model import LiveModel
from askcam.engine.live.ops import RowSpan, row_batch
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.selftest import TOLERANCE, live_logits, noise_view, selftest, stock_logits
from askcam.engine.live.statepool import StatePool
from askcam.engine.loading import Loaded

SEEN, FEW_SEEN = 1000, 40  # tokens of the window that a timed pass reads: on a GPU, interpreted
SMALL = 56  # pixels of the side of a frame that is seen by interpreted kernels
FEW_ROWS = (1, 2)  # of the passes that are interpreted
MOST_PAIRS, FEW_PAIRS = 16, 4  # of a window: on a GPU, interpreted
KV_GB = 0.1  # where kernels are interpreted; a GPU gives what it has
TIMES = 5  # of which the fastest pass counts


class KernelBench:
    """One run. Every step writes into `found`; one that fails is named there and the others go on."""

    def __init__(self, loaded: Loaded, out: Path | None) -> None:
        self._loaded, self._out = loaded, out
        self._model: LiveModel | None = None
        self._gpu = loaded.device.type == "cuda"
        self.found: dict[str, Any] = {**about(loaded), "bench": "kernels", "errors": {}}

    def run(self, checks: int) -> None:
        """All steps; `checks`: how often it is compared with transformers, since graphs come in from the third on."""
        self._step("operations", self._operations)
        self._step("ready", self._ready)
        self._step("passes of rows, ms", self._passes)
        for i in range(checks):
            self._step(f"like transformers, {i + 1}", self._compared)
        if self._gpu:
            self._step("memory", lambda: {"reserved_gb": round(torch.cuda.max_memory_reserved() / 1e9, 2)})

    def _step(self, name: str, run: Callable[[], dict[str, Any]]) -> None:
        try:
            self.found[name] = run()
            say(f"{name}: {json.dumps(self.found[name])}")
        except Exception as exc:  # the other steps' figures are worth having
            traceback.print_exc()
            self.found["errors"][name] = f"{type(exc).__name__}: {exc}"
        if self._out is not None:
            self._out.write_text(json.dumps(self.found, indent=1))

    def _operations(self) -> dict[str, float]:
        from askcam.engine.live.triton_ops import TritonOps

        language = Language(self._loaded.model, TritonOps(), interleaved=self._loaded.spec.interleaved)
        errors = dict(operation_errors(language))
        wrong = [f"{name} is off by {error:.2g}" for name, error in errors.items() if not error < LIMIT]
        if wrong:
            self.found["errors"]["operations"] = "; ".join(wrong)
        return {name: float(f"{error:.2g}") for name, error in errors.items()}

    def _ready(self) -> dict[str, Any]:
        began = time.perf_counter()
        config = EngineConfig(self._loaded.info.id, kv_gb=None if self._gpu else KV_GB)
        model = self._model = make_model(self._loaded, config) if self._gpu else self._interpreted(config)
        ops, passes = model.language.ops, model.passes
        plans = getattr(ops, "plans", {})
        return {
            "seconds": round(time.perf_counter() - began, 1),
            "operations": type(ops).__name__,
            "passes": type(passes).__name__,
            "captured": len(passes.row_counts) if isinstance(passes, Graphs) else 0,
            "planned": {" x ".join(map(str, shape)): str(plan.tile) for shape, plan in plans.items()},
        }

    def _interpreted(self, config: EngineConfig) -> LiveModel:
        """As make_model makes it on a GPU, but unplanned: there is nothing to be timed."""
        from askcam.engine.live.triton_ops import TritonOps

        split = divide(self._loaded, config)
        model = LiveModel(self._loaded, TritonOps(), split.rows, StatePool(split.slots, split.spare))
        graphs = Graphs(model.language, model.vision, model.pool)
        graphs.capture_rows(FEW_ROWS)
        model.passes = graphs
        return model

    def _passes(self) -> dict[str, float]:
        """Of so many rows that read one window, as long as the host waits for them."""
        model = self._made()
        return {str(rows): round(self._pass_ms(model, rows), 3) for rows in (ROWS if self._gpu else FEW_ROWS)}

    @torch.inference_mode()
    def _pass_ms(self, model: LiveModel, rows: int) -> float:
        window = min(SEEN if self._gpu else FEW_SEEN, model.pool.total_rows // 2)
        states = model.states
        span = RowSpan(rows, 0, window, window, rows, states.nothing.index, states.scratch.index)
        batch = row_batch([span], torch.zeros(3, rows, dtype=torch.int32), model.device)
        ids = torch.zeros(rows, dtype=torch.long, device=model.device)
        select = torch.tensor([rows - 1], device=model.device)
        took = []
        for _ in range(TIMES if self._gpu else 1):
            began = time.perf_counter()
            model.passes.rows(model.language.embed(ids), batch, select).argmax(-1).tolist()  # waits for the device
            took.append(time.perf_counter() - began)
        return 1e3 * min(took)

    def _compared(self) -> dict[str, Any]:
        model, prompter = self._made(), LivePrompter(self._loaded, "trained")
        if not self._gpu:  # a few tokens: interpreted, each takes a tenth of a second
            fit = self._loaded.spec.fit_frame(SMALL, SMALL)
            view = noise_view(fit.width, fit.height, 2)
            want = stock_logits(self._loaded.model, prompter, view).float()
            with torch.inference_mode():
                error = float((live_logits(model, prompter, view).float() - want).norm() / want.norm())
            if not error < TOLERANCE[torch.float32]:
                raise EngineError(f"the logits are off by {error:.1e} of their size")
            return {"found": f"differ from transformers' by {error:.1e} of their size"}
        check = selftest(self._loaded, model, prompter)[-1]
        if not check.ok:
            raise EngineError(check.detail)
        return {"found": check.detail}

    def _made(self) -> LiveModel:
        if self._model is None:
            raise EngineError("left out: there is no model")
        return self._model


def run(argv: Sequence[str], default_model: str | None = None) -> None:
    """Measure, print a table, and one line of JSON as the last. Exits with 1 when a step failed."""
    options = _parse(argv, default_model)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        loaded = _loaded(options)
        bench = KernelBench(loaded, options.out)
        with working_on(loaded.device):
            bench.run(options.checks)
    except EngineError as exc:
        say(f"bench: {exc}")
        sys.exit(2)
    finish(_table(bench.found), bench.found)


def _parse(argv: Sequence[str], default_model: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="askcam bench kernels", description="What the kernels do on this device.")
    which = parser.add_mutually_exclusive_group(required=default_model is None)
    which.add_argument("--model", default=default_model, help="a model's folder or hub id")
    which.add_argument("--shape", choices=NAMES, help="random weights of a real shape")
    which.add_argument("--tiny", action="store_const", const="tiny", dest="shape", help="a random toy: does it run?")
    parser.add_argument("--checks", type=positive, default=4, metavar="N", help="comparisons with transformers")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures there after every step")
    parser.add_argument("--device", default="auto")
    return parser.parse_args(argv)


def _loaded(options: argparse.Namespace) -> Loaded:
    if not options.shape:
        return load(EngineConfig(options.model, device=options.device), lambda what, share: None)
    device = pick_device(options.device)
    if device.type == "cpu":
        return random_model(options.shape, device, torch.float32, FEW_PAIRS)
    return random_model(options.shape, device, torch.bfloat16, MOST_PAIRS)


def _table(found: dict[str, Any]) -> str:
    """For people: a line per step, or per figure of a step that has many."""
    lines = [
        f"{found['model']} ({found['parameters'] / 1e6:.1f}M, {found['dtype']}) on {found['device']}, {found['date']}"
    ]
    for name, row in found.items():
        if isinstance(row, dict) and name != "errors":
            lines.append(f"{name:24s}" + "  ".join(f"{key} {value}" for key, value in row.items()))
    lines += [f"{name:24s}FAILED: {said}" for name, said in found["errors"].items()]
    if not found["device"].startswith("NVIDIA"):
        lines.append("no GPU was used: these are no GPU figures")
    return "\n".join(lines)
