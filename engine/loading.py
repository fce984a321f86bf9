"""A model on its way into memory: what is found of it before its weights are read, and all of it (types only)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from askcam.engine.card import Card
from askcam.engine.domain import Domain
from askcam.engine.families.spec import FamilySpec
from askcam.engine.interface import ModelInfo


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A model with all that is known about it. Handed to the engine thread, which owns it from then on."""

    model: Any  # a transformers ...ForConditionalGeneration
    processor: Any
    spec: FamilySpec
    info: ModelInfo
    device: torch.device
    domain: Domain | None = None  # what it knows; None: all


@dataclass(frozen=True, slots=True, eq=False)
class FoundModel:
    """A model of which all but the weights has been read."""

    folder: Path
    card: Card
    config: Any  # transformers' configuration
    processor: Any
    spec: FamilySpec
    fewer_pixels: bool  # than in full power
    max_pairs: int
    device: torch.device
    spread: bool  # over several GPUs: no single one holds it
    dtype: torch.dtype | str  # of its weights in memory, as from_pretrained takes it
    why_dtype: str  # why it is that one, or should be another; "": it was asked for, or is the checkpoint's own
    itemsize: int  # bytes of a weight in memory
    weights_bytes: int  # of all of them in memory
    quantized: str  # as ModelInfo has it
