"""Which fields a typed body has at some place in it, so that a complaint about an unknown one can name the nearest."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec.inspect as shapes

STEPS = re.compile(r"\[[^\]]*\]|[^.\[]+")


def known_fields(kind: Any, path: str) -> list[str]:
    """Of the objects at `path` (as msgspec writes it behind "$": "askcam", "rows[1].named[...]") of a `kind`, as they
    are called on the wire."""
    found: Iterable[shapes.Type] = _alternatives(shapes.type_info(kind))
    for step in STEPS.findall(path):
        found = [inner for each in found for inner in _inside(each, step)]
    structs = (each for each in found if isinstance(each, shapes.StructType))
    return sorted({field.encode_name for each in structs for field in each.fields})


def _inside(each: shapes.Type, step: str) -> list[shapes.Type]:
    match each:
        case shapes.StructType():
            return [inner for field in each.fields if field.encode_name == step for inner in _alternatives(field.type)]
        case shapes.ListType() | shapes.VarTupleType() if step.startswith("["):
            return _alternatives(each.item_type)
        case shapes.DictType() if step.startswith("["):
            return _alternatives(each.value_type)
    return []


def _alternatives(each: shapes.Type) -> list[shapes.Type]:
    """What it may be, without what is said around it."""
    match each:
        case shapes.UnionType():
            return [inner for one in each.types for inner in _alternatives(one)]
        case shapes.Metadata():
            return _alternatives(each.type)
    return [each]
