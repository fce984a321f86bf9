"""The families that can be run, by config.json's model_type: what a model's files say becomes its FamilySpec. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from askcam.engine.families.spec import Facts, FamilySpec


def qwen2_vl(facts: Facts) -> FamilySpec:
    """Temporal positions count pairs; a video is one run of tokens."""
    vision = facts.config["vision_config"]
    patch, merge = int(vision.get("patch_size", 14)), int(vision.get("spatial_merge_size", 2))
    return FamilySpec(
        model_type="qwen2_vl",
        patch=patch,
        merge=merge,
        frame=facts.frame_limits(patch * merge, facts.frame),
        still=facts.still_limits(patch * merge),
        grids=facts.grids,
    )


def qwen2_5_vl(facts: Facts) -> FamilySpec:
    """Temporal positions follow the clock, so that a window's sampling rate is part of its positions."""
    vision = facts.config["vision_config"]
    patch, merge = int(vision.get("patch_size", 14)), int(vision.get("spatial_merge_size", 2))
    return FamilySpec(
        model_type="qwen2_5_vl",
        patch=patch,
        merge=merge,
        frame=facts.frame_limits(patch * merge, facts.frame),
        still=facts.still_limits(patch * merge),
        grids=facts.grids,
        tokens_per_second=float(vision.get("tokens_per_second", 4)),
    )


def qwen3_vl(facts: Facts) -> FamilySpec:
    """Every pair stands alone behind its time stamp, so positions simply follow each other."""
    vision = facts.config["vision_config"]
    patch, merge = int(vision.get("patch_size", 16)), int(vision.get("spatial_merge_size", 2))
    return FamilySpec(
        model_type="qwen3_vl",
        patch=patch,
        merge=merge,
        # this family's video processor bounds a whole clip, not a frame
        frame=facts.frame_limits(patch * merge, None),
        still=facts.still_limits(patch * merge),
        grids=facts.grids,
        stamped_pairs=True,
        interleaved=True,
    )


def qwen3_5(facts: Facts) -> FamilySpec:
    """Pairs stand as in Qwen3-VL; most layers of the language model keep a state instead of keys and values."""
    return replace(qwen3_vl(facts), model_type="qwen3_5")


FAMILIES: Mapping[str, Callable[[Facts], FamilySpec]] = {
    "qwen2_vl": qwen2_vl,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "qwen3_5": qwen3_5,
}
