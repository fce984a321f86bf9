"""Frames become the patches that a vision tower reads, laid out as the stock video processor lays them out.

Frames have the model's size already, so nothing is resized here and the result is the processor's own, bit for bit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from askcam.stream.frame import Pixels


class Patcher:
    """For one model and device. P pairs, N patches of a frame, p pixels of a patch's side, m patches merged a side."""

    def __init__(self, processor: Any, patch: int, merge: int, device: torch.device, dtype: torch.dtype) -> None:
        """`processor`: the model's video processor, whose mean, deviation and scale are taken."""
        self._patch, self._merge, self._device, self._dtype = patch, merge, device, dtype
        scale = 1.0 / float(processor.rescale_factor)
        self._mean = (torch.tensor(processor.image_mean) * scale).view(3, 1, 1).to(device)
        self._std = (torch.tensor(processor.image_std) * scale).view(3, 1, 1).to(device)

    def __call__(self, frames: Sequence[Pixels]) -> Tensor:
        """2P frames (height, width, 3) uint8 RGB of one size -> (P, N, 3 * 2 * p * p) on the device."""
        pixels = torch.from_numpy(np.stack(frames))
        if self._device.type == "cuda":
            pixels = pixels.pin_memory().to(self._device, non_blocking=True)
        return self.patches(pixels)

    def patches(self, pixels: Tensor) -> Tensor:
        """The same for frames on the device, (2P, height, width, 3) uint8."""
        x = pixels.permute(0, 3, 1, 2).float()
        x = ((x - self._mean) / self._std).to(self._dtype)
        p, m = self._patch, self._merge
        rows, columns = x.shape[2] // p, x.shape[3] // p
        x = x.view(-1, 2, 3, rows // m, m, p, columns // m, m, p)
        return x.permute(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(x.shape[0], rows * columns, -1)
