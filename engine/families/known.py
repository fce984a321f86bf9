"""The families that can be run, by config.json's model_type: what a model's files say becomes its FamilySpec. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from askcam.engine.families.spec import Facts, FamilySpec, ModelLimits


def qwen2_vl(facts: Facts) -> FamilySpec:
    """Temporal positions count pairs; a video is one run of tokens."""
    return _sized(facts, "qwen2_vl", 14, facts.frame)


def qwen2_5_vl(facts: Facts) -> FamilySpec:
    """Temporal positions follow the clock, so that a window's sampling rate is part of its positions."""
    rate = float(facts.config["vision_config"].get("tokens_per_second", 4))
    return replace(_sized(facts, "qwen2_5_vl", 14, facts.frame), tokens_per_second=rate)


def qwen3_vl(facts: Facts) -> FamilySpec:
    """Every pair stands alone behind its time stamp, so positions simply follow each other. This family's video
    processor bounds a whole clip, not a frame."""
    return replace(_sized(facts, "qwen3_vl", 16, None), stamped_pairs=True, interleaved=True)


def qwen3_5(facts: Facts) -> FamilySpec:
    """Pairs stand as in Qwen3-VL; most layers of the language model keep a state instead of keys and values."""
    return replace(qwen3_vl(facts), model_type="qwen3_5")


def _sized(facts: Facts, model_type: str, patch: int, frame: ModelLimits | None) -> FamilySpec:
    """What all have. `patch`: of a model that does not say its own; `frame`: what its processor bounds a frame by."""
    vision = facts.config["vision_config"]
    patch, merge = int(vision.get("patch_size", patch)), int(vision.get("spatial_merge_size", 2))
    return FamilySpec(
        model_type=model_type,
        patch=patch,
        merge=merge,
        frame=facts.frame_limits(patch * merge, frame),
        still=facts.still_limits(patch * merge),
        grids=facts.grids,
    )


FAMILIES: Mapping[str, Callable[[Facts], FamilySpec]] = {
    "qwen2_vl": qwen2_vl,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "qwen3_5": qwen3_5,
}
