"""Is the live backend exact here, with these weights and this release of transformers? Asked before it is used.

Positions are compared with the installed get_rope_index; then one small window is run both ways. What the two runs may
differ by is rounding: on a CPU in float32 almost nothing, in bfloat16 a few percent of the logits' size.
"""

from typing import Any

import numpy as np
import torch

from askcam.engine.interface import Check
from askcam.engine.live.model import LiveModel
from askcam.engine.live.ops import RowSpan, row_batch
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.seam import Ints
from askcam.engine.loading import Loaded
from askcam.engine.question import Message, Question, Role, Text
from askcam.stream.frame import Frame
from askcam.stream.window import Pair, View

TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.1, torch.float16: 0.02}  # of the logits' norm
ROUNDING = 0.1  # likewise, where modules round what goes in: what is off by 1e-7 may be rounded to the next step
FPS = 2.0
LARGE, LARGE_FRAME = (
    500_000_000,
    (224, 168),
)  # parameters; on a CPU a larger model's forwards are compared on this frame


@torch.inference_mode()
def selftest(loaded: Loaded, model: LiveModel, prompter: LivePrompter) -> list[Check]:
    """Runs on the calling thread, before an engine thread owns the model. The pool is as before afterwards."""
    fit = loaded.spec.fit_frame(640, 480)
    lengths = sorted({1, min(3, loaded.info.max_pairs), loaded.info.max_pairs})
    stock_rule = LivePrompter(loaded, "transformers")
    checks = [_positions(loaded, stock_rule, fit.width, fit.height, num_pairs) for num_pairs in lengths]
    if loaded.device.type == "cpu" and loaded.info.num_parameters > LARGE:
        fit = loaded.spec.fit_frame(*LARGE_FRAME)
    return [*checks, _forward(loaded, model, prompter, fit.width, fit.height)]


def _positions(loaded: Loaded, prompter: LivePrompter, width: int, height: int, num_pairs: int) -> Check:
    """Of a window of `num_pairs` and a question: ours, pair by pair, and get_rope_index's of the whole."""
    name = f"positions of {num_pairs} pairs"
    view = noise_view(width, height, num_pairs)
    prompt, _ = prompter.whole(QUESTION, view)
    inputs = {key: value for key, value in prompt.inputs.items() if "pixel" not in key and key != "position_ids"}
    try:
        found, _ = loaded.model.model.get_rope_index(**{key: value.cpu() for key, value in inputs.items()})
    except Exception as exc:  # another release's other arguments
        return Check(name, False, f"get_rope_index failed: {type(exc).__name__}: {exc}")
    ids, ours = _assembled(prompter, view)
    stock = found[:, 0].numpy()
    if ids != prompt.inputs["input_ids"][0].tolist():
        return Check(name, False, "the prompt's tokens differ from the stock processor's")
    if stock.shape != ours.shape or (stock != ours).any():
        wrong = int((stock != ours).any(0).sum()) if stock.shape == ours.shape else ours.shape[1]
        return Check(name, False, f"{wrong} of {ours.shape[1]} tokens stand elsewhere than get_rope_index puts them")
    return Check(name, True, f"{ours.shape[1]} tokens stand where get_rope_index puts them")


def _forward(loaded: Loaded, model: LiveModel, prompter: LivePrompter, width: int, height: int) -> Check:
    """The first logits of an answer: a window of two pairs and a third, provisional one, against one stock pass. Of a
    model that keeps states it is a window as long as they get, since what is wrong with a state adds up."""
    view = noise_view(width, height, loaded.info.max_pairs if model.language.states else 3)
    try:
        want = stock_logits(loaded.model, prompter, view).float()
    except Exception as exc:
        return Check("logits", False, f"the stock model failed: {type(exc).__name__}: {exc}")
    got = live_logits(model, prompter, view).float()
    error = float((got - want).norm() / want.norm())
    allowed = max(TOLERANCE.get(model.language.dtype, 0.1), ROUNDING if model.own.rounding else 0.0)
    detail = (
        f"differ from transformers' by {error:.1e} of their size, largest difference {(got - want).abs().max():.1e} "
        f"(3 pairs of {width}x{height})"
    )
    return Check("logits", error <= allowed, detail + (f"; {allowed:g} is allowed" if error > allowed else ""))


@torch.inference_mode()
def stock_logits(model: Any, prompter: LivePrompter, view: View) -> torch.Tensor:
    """The first logits (vocab,) of stock `model`'s answer to QUESTION about a view, in one pass."""
    prompt, positions = prompter.whole(QUESTION, view)
    weight = model.model.language_model.embed_tokens.weight
    inputs = {
        key: value.to(weight.device, weight.dtype if value.is_floating_point() else None)
        for key, value in prompt.inputs.items()
    }
    inputs["position_ids"] = torch.from_numpy(positions)[:, None].to(weight.device)
    logits: torch.Tensor = model(**inputs, logits_to_keep=1).logits[0, -1]
    return logits


def live_logits(model: LiveModel, prompter: LivePrompter, view: View) -> torch.Tensor:
    """The same from a window that grew pair by pair, and the last pair as a provisional one."""
    split = prompter.split(QUESTION)
    seam = prompter.seam(split.head, (view.newest.height, view.newest.width, view.fps))
    *pairs, last = model.encode(view.pairs)
    window = model.begin_window(0, split.head, seam.length(len(view.pairs)), None)
    try:
        for pair in pairs:
            for _ in model.grow([window], seam, pair):
                pass
        unit = seam.unit(len(pairs))
        x, extras = model.embed_unit(unit, last)
        start = seam.text_start(len(view.pairs))
        num_rest = len(split.rest)
        positions = np.concatenate((unit.positions, np.tile(np.arange(start, start + num_rest), (3, 1))), 1)
        x = torch.cat((x, model.language.embed(split.rest)))
        extras = tuple(torch.nn.functional.pad(extra, (0, 0, 0, num_rest)) for extra in extras)
        tail = model.pool.take(x.shape[0])
        try:
            slots = window.state.index, model.states.scratch.index
            span = RowSpan(x.shape[0], window.held.base, window.length, tail.base, x.shape[0], *slots)
            batch = row_batch([span], torch.from_numpy(positions), model.device)
            select = torch.tensor([x.shape[0] - 1], device=model.device)
            return model.passes.rows(x, batch, select, extras)[0].clone()
        finally:
            model.pool.release(tail)
    finally:
        model.end_window(window)


def _assembled(prompter: LivePrompter, view: View) -> tuple[list[int], Ints]:
    """Ids and positions of the whole prompt, put together from head, units and rest."""
    split = prompter.split(QUESTION)
    seam = prompter.seam(split.head, (view.newest.height, view.newest.width, view.fps))
    ids = list(split.head)
    places = [np.tile(np.arange(len(ids)), (3, 1))]
    for number in range(len(view.pairs)):
        unit = seam.unit(number)
        ids += [*unit.before, *[prompter.pad] * unit.num_tokens, *unit.after]
        places.append(unit.positions)
    start = seam.text_start(len(view.pairs))
    places.append(np.tile(np.arange(start, start + len(split.rest)), (3, 1)))
    return [*ids, *split.rest], np.concatenate(places, 1)


def noise_view(width: int, height: int, num_pairs: int, seed: int = 0) -> View:
    """Pairs of noise, the same every time."""
    noise = np.random.default_rng(seed)
    frames = [
        Frame("selftest", i, 0.0, 0.0, noise.integers(0, 256, (height, width, 3), np.uint8))
        for i in range(2 * num_pairs)
    ]
    pairs = tuple(Pair(i, frames[2 * i], frames[2 * i + 1]) for i in range(num_pairs))
    return View("selftest", 0, 0, FPS, pairs, provisional=False)


QUESTION = Question((Message(Role.USER, (Text("What is this?"),)),), camera="selftest")
