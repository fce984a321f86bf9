"""What stock parts give on the same weights: compiled generate, the weights' way through memory, rounding."""

import copy
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from askcam.engine.bench.asking import median
from askcam.engine.live.model import LiveModel
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.selftest import live_logits, noise_view, stock_logits
from askcam.engine.loading import Loaded
from askcam.engine.stopping import FollowTokens
from askcam.stream.window import View

WIDER = {torch.float32: torch.float64}  # what rounding is measured against; for 16 bits float32


def compiled(loaded: Loaded, inputs: dict[str, Tensor], tokens: int, repeats: int) -> dict[str, float]:
    """Stock generate with a static cache, which transformers compiles on a GPU. The first two answers don't count."""
    on_device = {name: value.to(loaded.device) for name, value in inputs.items()}

    def answer() -> list[float]:
        """Seconds until each token was known."""
        times: list[float] = []
        began = time.monotonic()

        def note(token: int) -> bool:
            times.append(time.monotonic() - began)
            return False

        with torch.inference_mode():
            loaded.model.generate(
                **on_device,
                max_new_tokens=tokens,
                min_new_tokens=tokens,
                do_sample=False,
                cache_implementation="static",
                stopping_criteria=[FollowTokens(note)],
            )
        return times

    warm_up_s = answer()[-1] + answer()[-1]
    answers = [answer() for _ in range(repeats)]
    rates = [(len(times) - 1) / (times[-1] - times[0]) for times in answers if len(times) > 1]
    found = {"first_token_ms": median(1e3 * times[0] for times in answers), "warm_up_s": round(warm_up_s, 1)}
    return {**found, "tokens_per_s": median(rates)} if rates else found


def floor(loaded: Loaded) -> dict[str, float]:
    """What one token costs at least: its weights, once through memory at the speed of a large copy."""
    text = loaded.model.model.language_model
    head = loaded.model.lm_head.weight
    read = sum(p.numel() * p.element_size() for layer in text.layers for p in layer.parameters()) + head.nbytes
    source = torch.ones(
        (1 << 30) if loaded.device.type == "cuda" else (1 << 26), dtype=torch.uint8, device=loaded.device
    )
    target = torch.empty_like(source)
    took = []
    for _ in range(8):
        began = time.perf_counter()
        target.copy_(source)
        if loaded.device.type == "cuda":
            torch.cuda.synchronize(loaded.device)
        took.append(time.perf_counter() - began)
    speed = 2 * source.nbytes / min(took)
    return {"copy_gb_per_s": round(speed / 1e9, 1), "weights_gb": round(read / 1e9, 4), "floor_ms": 1e3 * read / speed}


class Rounding:
    """How far an answer's first logits are from those of the same weights in a wider type: live, and transformers.

    For a few views of noise. The wider copy of the model is made and let go of in __init__.
    """

    def __init__(self, loaded: Loaded, prompter: LivePrompter, views: Sequence[View]) -> None:
        self._prompter, self._views = prompter, views
        self._stock = [stock_logits(loaded.model, prompter, view).cpu() for view in views]
        wider: Any = copy.deepcopy(loaded.model).to(WIDER.get(loaded.model.lm_head.weight.dtype, torch.float32))
        self._want = [stock_logits(wider, prompter, view).cpu() for view in views]
        del wider
        if loaded.device.type == "cuda":
            torch.cuda.empty_cache()

    @torch.inference_mode()
    def of(self, model: LiveModel) -> dict[str, float]:
        """Relative errors, and the live one as a share of transformers'."""
        live = [live_logits(model, self._prompter, view).cpu() for view in self._views]
        ours, theirs = self._error(live), self._error(self._stock)
        return {"live": ours, "transformers": theirs, "ratio": round(ours / theirs, 3)}

    def _error(self, found: list[Tensor]) -> float:
        want = torch.stack(self._want).double()
        return float((torch.stack(found).double() - want).norm() / want.norm())


def views(loaded: Loaded, width: int, height: int, most_pairs: int, count: int = 6) -> list[View]:
    """Views of 1 to `most_pairs` pairs of noise."""
    lengths = [1 + i * (most_pairs - 1) // max(1, count - 1) for i in range(count)]
    return [noise_view(width, height, num_pairs, seed) for seed, num_pairs in enumerate(lengths)]
