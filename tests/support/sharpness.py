"""Random models whose attention is far from uniform: a position off by one then moves logits by over 1."""

from typing import Any

import torch


@torch.no_grad()
def sharpen_weights(model: Any) -> None:
    """In place; what is saved with the model."""
    model.lm_head.weight *= 8
    for layer in model.model.language_model.layers:
        attention = getattr(layer, "self_attn", None)
        if attention is None:
            continue
        normed = hasattr(attention, "q_norm")  # a norm would undo larger projections
        for part in (attention.q_norm, attention.k_norm) if normed else (attention.q_proj, attention.k_proj):
            if hasattr(part, "eps"):  # a norm whose weight is added to 1
                part.weight += 0.7
            else:
                part.weight *= 1.7


@torch.no_grad()
def sharpen_positions(model: Any) -> None:
    """In place; not saved with it."""
    rotary = model.model.language_model.rotary_emb
    rotary.inv_freq.copy_(8.0 ** -torch.linspace(0, 1, len(rotary.inv_freq)))  # the slowest still turns
