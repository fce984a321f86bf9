"""The families that can be run, by config.json's model_type."""

from collections.abc import Callable, Mapping

from askcam.engine.families import qwen2_5_vl, qwen2_vl, qwen3_vl
from askcam.engine.families.spec import Facts, FamilySpec

FAMILIES: Mapping[str, Callable[[Facts], FamilySpec]] = {
    "qwen2_vl": qwen2_vl.spec,
    "qwen2_5_vl": qwen2_5_vl.spec,
    "qwen3_vl": qwen3_vl.spec,
}
