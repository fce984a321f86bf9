"""A live engine from a loaded model: what is supported, how much memory it may have, which operations it runs on."""

import logging
import os
from dataclasses import replace

import torch

from askcam.engine.door import EngineConfig
from askcam.engine.errors import ModelError
from askcam.engine.live.cuda import choose_ops, settle_ops
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.graphs import Graphs
from askcam.engine.live.model import Model
from askcam.engine.live.threads import best_threads
from askcam.engine.live.windows import max_windows
from askcam.engine.loading import Loaded
from askcam.stream.window import Anchors

log = logging.getLogger("askcam.engine")

CPU_SHARE, CPU_MOST = 0.25, 2 * 2**30  # of a CPU's memory, for windows and answers; pages are used only when written
GPU_SHARE = 0.85  # of what is free once the weights are there: the rest is for passing values
HEAD_TOKENS = 64  # of a window, before its first pair; a guess for planning


def build(loaded: Loaded, config: EngineConfig, model: Model | None = None) -> LiveEngine:
    """The engine, running. Raises ModelError as make_model does."""
    model = model or make_model(loaded, config)
    if config.threads is None and loaded.device.type == "cpu":
        config = replace(config, threads=best_threads(loaded, model))
    return LiveEngine(loaded, config, model, camera_rows(loaded))


def make_model(loaded: Loaded, config: EngineConfig) -> Model:
    """Raises ModelError when it is not supported or too little memory is left."""
    check_supported(loaded)
    model = Model(loaded, choose_ops(loaded.device), pool_rows(loaded, config))
    if settle_ops(model.language, log.info):
        log.info("capturing CUDA graphs")
        graphs = Graphs(model.language, model.vision, model.pool)
        graphs.capture_rows()
        model.passes = graphs
    return model


def check_supported(loaded: Loaded) -> None:
    """Raises ModelError that says why this model is for the portable backend."""
    devices = {str(parameter.device) for parameter in loaded.model.parameters()}
    if len(devices) > 1:
        raise ModelError(f"the model is spread over {', '.join(sorted(devices))}; the live backend wants one device")
    if loaded.device.type not in ("cpu", "cuda"):
        raise ModelError(f"the live backend runs on a CPU or a CUDA GPU, not on {loaded.device.type}")
    text = loaded.model.config.get_text_config()
    if getattr(text, "use_sliding_window", False):
        raise ModelError("this model's attention slides over its context; the live backend has no such window")


def pool_rows(loaded: Loaded, config: EngineConfig) -> int:
    """Rows of the KV pool, bounded by memory. Raises ModelError when not even one camera fits."""
    text = loaded.model.config.get_text_config()
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    row_bytes = text.num_hidden_layers * 2 * text.num_key_value_heads * head_dim * loaded.model.lm_head.weight.itemsize
    if config.kv_gb is not None:
        budget = int(config.kv_gb * 1e9)
    elif loaded.device.type == "cuda":
        budget = int(torch.cuda.mem_get_info(loaded.device)[0] * GPU_SHARE)
    else:
        budget = min(int(_memory_bytes() * CPU_SHARE), CPU_MOST)
    rows = budget // row_bytes
    need = camera_rows(loaded)
    if rows < need:
        raise ModelError(
            f"{budget / 1e9:.2f} GB for windows do not hold one camera, which takes {need * row_bytes / 1e9:.2f} GB "
            f"({loaded.info.max_pairs} pairs of up to {largest_pair(loaded)} tokens): lower max_pairs or max_pixels"
        )
    return int(rows)


def camera_rows(loaded: Loaded) -> int:
    """Rows that one camera's windows take at most."""
    anchors = Anchors.within(loaded.info.max_pairs)
    return max_windows(anchors) * (HEAD_TOKENS + anchors.max_pairs * largest_pair(loaded))


def largest_pair(loaded: Loaded) -> int:
    """Tokens of a pair, with the text around it, at the largest frame."""
    return int(loaded.spec.frame.max_pixels // loaded.spec.factor**2 + (16 if loaded.spec.stamped_pairs else 0))


def _memory_bytes() -> int:
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
