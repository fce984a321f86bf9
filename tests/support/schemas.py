"""JSON Schemas of every supported kind, drawn at random, that some value meets."""

from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]

NAMES = st.sampled_from(["a", "b", "name", "größe", "颜色", 'with "quotes"', "back\\slash", "a b", "", "line\nbreak"])
VALUES = st.sampled_from(
    [None, True, False, 0, 7, -3, 2.5, "", "yes", 'say "no"', "红\n", [1, "x"], [], {"k": "v"}, {}]
)
PATTERNS = st.sampled_from(["^[a-z]{2,5}$", "^a", "[0-9]{3}", "^(yes|no)$", "^[A-Z]\\d{1,3}(-[A-Z])?$", "^\\w+\\.$"])
FORMATS = st.sampled_from(["date", "time", "date-time", "uuid", "ipv4", "email", "duration"])


@st.composite
def spans(draw: st.DrawFn, least: str, most: str, low: int, high: int) -> Schema:
    """Up to two bounds that leave room between them."""
    start = draw(st.integers(low, high))
    bounds = {least: start, most: start + draw(st.integers(0, high - low))}
    return {key: bounds[key] for key in draw(st.sets(st.sampled_from([least, most])))}


@st.composite
def numbers(draw: st.DrawFn) -> Schema:
    kind = draw(st.sampled_from(["integer", "number"]))
    bounds = draw(spans("minimum", "maximum", -50, 120))
    if draw(st.booleans()):
        step = draw(st.integers(1, 6))
        bounds = {key: value * step for key, value in bounds.items()} | {"multipleOf": step}
    elif kind == "number" and draw(st.booleans()):
        bounds = {f"exclusive{key.title()}": value + 0.5 * (key == "maximum") for key, value in bounds.items()}
    return {"type": kind} | bounds


def leaves(names: list[str]) -> st.SearchStrategy[Schema]:
    """Schemas without schemas in them; `names` of others may be referred to."""
    kinds: list[st.SearchStrategy[Schema]] = [
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["integer", "null"], "maximum": 99}]),
        numbers(),
        spans("minLength", "maxLength", 0, 12).map(lambda bounds: {"type": "string"} | bounds),
        st.builds(lambda pattern: {"type": "string", "pattern": pattern, "maxLength": 24}, PATTERNS),
        st.builds(lambda name: {"type": "string", "format": name}, FORMATS),
        st.builds(lambda values: {"enum": values}, st.lists(VALUES, min_size=1, max_size=4)),
        st.builds(lambda value: {"const": value}, VALUES),
    ]
    if names:
        kinds.append(st.builds(lambda name: {"$ref": f"#/$defs/{name}"}, st.sampled_from(names)))
    return st.one_of(kinds)


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    found = {"type": "array", "items": draw(inner)} | draw(spans("minItems", "maxItems", 0, 2))
    if draw(st.integers(0, 3)) == 0:
        found["prefixItems"] = draw(st.lists(inner, min_size=1, max_size=2))
    return found


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    properties = draw(st.dictionaries(NAMES, inner, max_size=4))
    found: Schema = {"type": "object", "properties": properties}
    required = [name for name in properties if draw(st.booleans())]
    if required:
        found["required"] = required
    others = draw(st.sampled_from([False, False, False, None, True, {"type": "integer", "minimum": 0, "maximum": 9}]))
    if others is not None:
        found["additionalProperties"] = others
    return found


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """A whole schema, with definitions that may be recursive."""
    names = draw(st.sampled_from([[], ["one"], ["one", "tree"]]))
    defs = {name: draw(leaves([])) for name in names if name != "tree"}
    if "tree" in names:
        children = {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2}
        defs["tree"] = {
            "type": "object",
            "properties": {"value": draw(leaves(["one"])), "children": children},
            "required": draw(st.sampled_from([["value"], ["value", "children"]])),
            "additionalProperties": False,
        }
    found = draw(
        st.recursive(
            leaves(names),
            lambda inner: st.one_of(
                arrays(inner),
                objects(inner),
                st.builds(lambda ways: {"anyOf": ways}, st.lists(inner, min_size=1, max_size=3)),
            ),
            max_leaves=6,
        )
    )
    return found | ({"$defs": defs} if defs else {})
