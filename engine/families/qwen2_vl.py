"""Qwen2-VL: temporal positions count pairs; a video is one run of tokens."""

from askcam.engine.families.spec import Facts, FamilySpec


def spec(facts: Facts) -> FamilySpec:
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
