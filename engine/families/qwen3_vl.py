"""Qwen3-VL: every pair stands alone behind its time stamp, so positions simply follow each other."""

from askcam.engine.families.spec import Facts, FamilySpec


def spec(facts: Facts) -> FamilySpec:
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
    )
