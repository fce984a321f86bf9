"""Where the time before the first token goes: vision tower, then language model. By hooks on stock modules."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch


class StageClock:
    """Times the vision tower and the first forward pass of each answer. Owned by the engine thread.

    On a GPU it waits for the device at the borders of these two, in the first pass only; decoding is not slowed.
    Newer generate() runs the vision tower before the model's first pass, older ones within it: both are counted right.
    """

    def __init__(self, model: torch.nn.Module, vision: torch.nn.Module, device: torch.device) -> None:
        cuda = device.type == "cuda"
        self._sync: Callable[[], None] = partial(torch.cuda.synchronize, device) if cuda else _nothing
        self._over = True  # the first pass is; nothing more is timed
        self._inside = False  # the language model's pass, which may or may not hold the vision tower's
        self._began = self._vision_began = 0.0
        self.vision_s = self.prefill_s = 0.0
        model.register_forward_pre_hook(self._enter)
        model.register_forward_hook(self._leave)
        vision.register_forward_pre_hook(self._enter_vision)
        vision.register_forward_hook(self._leave_vision)

    def restart(self) -> None:
        """Before each generate()."""
        self._over = self._inside = False
        self.vision_s = self.prefill_s = 0.0

    def _enter(self, *_: Any) -> None:
        if not self._over:
            self._inside = True
            self._began = self._now()

    def _leave(self, *_: Any) -> None:
        if not self._over:
            self.prefill_s += self._now() - self._began
            self._over, self._inside = True, False

    def _enter_vision(self, *_: Any) -> None:
        self._vision_began = self._now()

    def _leave_vision(self, *_: Any) -> None:
        took_s = self._now() - self._vision_began
        self.vision_s += took_s
        if self._inside:
            self.prefill_s -= took_s

    def _now(self) -> float:
        self._sync()
        return time.perf_counter()


def _nothing() -> None:
    """A CPU has no queue to wait for."""
