"""What the live engine's tests share: small random models in which a position off by one moves logits by over 1."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from askcam.engine.door import EngineConfig
from askcam.engine.loading import Loaded, load


@pytest.fixture(scope="session")
def sharp(tiny_model: Callable[[str], Path]) -> Callable[[str], Loaded]:
    """sharp("qwen3_vl"): a small random model whose attention is far from uniform, loaded once."""
    made: dict[str, Loaded] = {}

    def get(kind: str) -> Loaded:
        if kind not in made:
            loaded = load(EngineConfig(str(tiny_model(kind))), lambda what, share: None)
            with torch.no_grad():
                loaded.model.lm_head.weight *= 8
                rotary = loaded.model.model.language_model.rotary_emb
                rotary.inv_freq.copy_(8.0 ** -torch.linspace(0, 1, len(rotary.inv_freq)))  # the slowest still turns
                for layer in loaded.model.model.language_model.layers:
                    attention = layer.self_attn
                    normed = hasattr(attention, "q_norm")  # a norm would undo larger projections
                    for part in (
                        (attention.q_norm, attention.k_norm) if normed else (attention.q_proj, attention.k_proj)
                    ):
                        part.weight *= 1.7
            made[kind] = loaded
        return made[kind]

    return get
