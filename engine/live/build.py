"""A live engine from a loaded model: what is supported, how much memory it may have, which operations it runs on."""

import logging
from dataclasses import replace

import torch

from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig
from askcam.engine.live.capacity import Division, Need, card_refusal, windows_budget
from askcam.engine.live.cuda import choose_ops, settle_ops, settle_passes
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.model import LiveModel
from askcam.engine.live.speed import pair_seconds
from askcam.engine.live.statepool import StatePool
from askcam.engine.live.supported import activations_dtype, check_supported
from askcam.engine.live.threads import best_threads
from askcam.engine.loading import FoundModel, Loaded
from askcam.engine.machine_memory import memory_left
from askcam.engine.power import PairSeconds, choose

log = logging.getLogger("askcam.engine")


def build(loaded: Loaded, config: EngineConfig, model: LiveModel | None = None) -> LiveEngine:
    """The engine, running. Raises ModelError as make_model does."""
    model = model or make_model(loaded, config)
    if config.threads is None and loaded.device.type == "cpu":
        config = replace(config, threads=best_threads(loaded, model))
    divided = need(loaded)  # as the model's memory is
    if config.power == "auto" and loaded.device.type == "cpu":
        loaded = in_power(loaded, config, pair_seconds(loaded, model, config.threads))
    return LiveEngine(loaded, config, model, (divided if divided.slot_bytes else need(loaded)).camera_rows)


def in_power(loaded: Loaded, config: EngineConfig, took: PairSeconds) -> Loaded:
    """The same model in the mode that suits a machine on which a pair takes so long."""
    mode, spec = choose(took, loaded.spec, config, loaded.info.max_pairs)
    return replace(loaded, spec=spec, info=replace(loaded.info, power=mode))


def make_model(loaded: Loaded, config: EngineConfig) -> LiveModel:
    """Raises ModelError when it is not supported or too little memory is left."""
    own = check_supported(loaded)
    split = divide(loaded, config)
    states = StatePool(split.slots, split.spare)
    model = LiveModel(loaded, choose_ops(loaded.device), split.rows, states, own)
    if settle_ops(model.language, log.info) and not own.count:  # what modules do may not be capturable
        model.passes = settle_passes(model, log.info)
    return model


def check_room(found: FoundModel, config: EngineConfig) -> None:
    """Before the weights are read: raises ModelError when they take several GPUs, or leave too little for a camera."""
    if found.spread:
        raise ModelError(
            f"its weights ({found.weights_bytes / 1e9:.2f} GB) fit into no single GPU with room to work and are spread "
            "over several; the live backend wants one device"
        )
    budget = _budget(found.device, config, found.weights_bytes)
    wanted = Need.of(found.config, found.itemsize, found.spec, found.max_pairs, config.power == "low")
    refusal = wanted.refusal(budget)
    if refusal is not None:
        after = f" (the weights take {found.weights_bytes / 1e9:.2f} GB)" if config.kv_gb is None else ""
        raise ModelError(refusal + after)


def need(loaded: Loaded) -> Need:
    """What a camera takes, for a model that is loaded."""
    info, itemsize = loaded.info, activations_dtype(loaded).itemsize
    return Need.of(loaded.model.config, itemsize, loaded.spec, info.max_pairs, info.power.low)


def divide(loaded: Loaded, config: EngineConfig) -> Division:
    """The memory for windows and answers. Raises ModelError when not even one camera fits."""
    budget, wanted = _budget(loaded.device, config, 0), need(loaded)
    refusal = wanted.refusal(budget)
    if refusal is not None:
        raise ModelError(refusal)
    return wanted.split(budget, config.max_answering)


def _budget(device: torch.device, config: EngineConfig, weights_bytes: int) -> int:
    """Bytes for windows and answers, where the weights still have to take so many. Raises ModelError when a GPU is too
    small for that."""
    wanted = None if config.kv_gb is None else int(config.kv_gb * 1e9)
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
        refusal = card_refusal(free, weights_bytes, wanted)
        if refusal is not None:
            raise ModelError(refusal)
    elif wanted is None:
        free = memory_left().num_bytes
    return windows_budget(free - weights_bytes, device.type) if wanted is None else wanted
