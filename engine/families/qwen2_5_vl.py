"""Qwen2.5-VL: temporal positions follow the clock, so that a window's sampling rate is part of its positions."""

from askcam.engine.families.spec import Facts, FamilySpec


def spec(facts: Facts) -> FamilySpec:
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
