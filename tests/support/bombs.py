"""Schemas that cost more than anybody may cause, by what grows in them."""

from typing import Any


def either(number: int) -> dict[str, Any]:
    return {"anyOf": [{"type": "integer", "multipleOf": number}, {"type": "string"}]}


def doubled(depth: int, key: str, times: int) -> dict[str, Any]:
    """A schema that refers to the next one `times` times, `depth` times over."""
    more = {f"a{i}": {key: [{"$ref": f"#/$defs/a{i + 1}"}] * times} for i in range(depth)}
    return {"$defs": {**more, f"a{depth}": {"type": "string"}}, "$ref": "#/$defs/a0"}


def circle(num: int) -> dict[str, Any]:
    """Each needs the next two, none can end: the search for one that can goes round."""
    ways = [{"$ref": f"#/$defs/{(i * 7 + k) % num}"} for i in range(num) for k in (1, 2)]
    return {
        "$defs": {str(i): {"type": "array", "prefixItems": ways[2 * i : 2 * i + 2], "minItems": 2} for i in range(num)},
        "$ref": "#/$defs/0",
    }


def ladder(num: int) -> dict[str, Any]:
    """Each can end only when all before it have, in the least lucky order."""
    steps = {f"{num - i:06}": {"anyOf": [{"$ref": f"#/$defs/{num - i + 1:06}"}]} for i in range(1, num)}
    return {"$defs": steps | {f"{num:06}": {"type": "string"}}, "$ref": "#/$defs/000001"}


BOMBS: dict[str, Any] = {
    "allOf of anyOf": {"allOf": [either(j) for j in range(1, 30)]},
    "allOf of oneOf": {
        "allOf": [{"oneOf": [{"type": "integer", "multipleOf": j}, {"const": j}]} for j in range(1, 40)]
    },
    "anyOf in allOf in anyOf": {"anyOf": [{"allOf": [either(j) for j in range(k, k + 26)]} for k in range(1, 8)]},
    "inside a property": {"type": "object", "properties": {"a": {"allOf": [either(j) for j in range(1, 30)]}}},
    "inside items": {"type": "array", "items": {"allOf": [either(j) for j in range(1, 30)]}},
    "by reference": {
        "$defs": {str(j): either(j) for j in range(1, 30)},
        "allOf": [{"$ref": f"#/$defs/{j}"} for j in range(1, 30)],
    },
    "properties of allOf": {"allOf": [{"properties": {"a": either(j)}} for j in range(1, 30)]},
    "a large multipleOf": {"type": "integer", "multipleOf": 9_999_991},
    "a multipleOf with many places": {"type": "number", "multipleOf": 0.0000001234567},
    "many multipleOf": {"allOf": [{"type": "integer", "multipleOf": p} for p in (97, 89, 83, 79, 73, 71, 67, 61)]},
    "multipleOf and bounds": {"type": "integer", "multipleOf": 99_991, "minimum": 7, "maximum": 2**53},
    "allOf laughs": doubled(8, "allOf", 10),
    "anyOf laughs": doubled(8, "anyOf", 10),
    "prefixItems laugh": doubled(12, "prefixItems", 10),
    "maxLength": {"type": "string", "maxLength": 10**9},
    "minLength": {"type": "string", "minLength": 10**6, "maxLength": 2 * 10**6},
    "many lengths": {"anyOf": [{"type": "string", "minLength": i, "maxLength": 3 * i} for i in range(1000, 1200)]},
    "minItems": {"type": "array", "items": {"type": "integer"}, "minItems": 10**6, "maxItems": 2 * 10**6},
    "minItems of minItems": {"type": "array", "minItems": 10**4, "items": {"type": "array", "minItems": 10**4}},
    "quantified": {"type": "string", "pattern": "^((((a{1,50}){1,50}){1,50}){1,50})$"},
    "backtracking": {"type": "string", "pattern": "^(a+)+$"},
    "many states": {"type": "string", "pattern": "^(a|b)*a(a|b){60}$"},
    "and together": {"allOf": [{"type": "string", "pattern": f"^(a|b)*a(a|b){{{i}}}$"} for i in range(5, 12)]},
    "or together": {"anyOf": [{"type": "string", "pattern": f"^.*(a|b).{{{i}}}c$"} for i in range(5, 80)]},
    "Unicode": {"type": "string", "pattern": "^(\\p{L}|\\p{N}){1,2000}[^\\p{Lu}]{10,3000}$"},
    "names by pattern": {"type": "object", "patternProperties": {f"^(a|b)*a{{{i}}}$": {} for i in range(1, 40)}},
    "many values": {"enum": [f"value {i} of many" for i in range(5000)]},
    "one long value": {"const": "x" * 100_000},
    "many properties": {
        "type": "object",
        "properties": {f"p{i}": {} for i in range(3000)},
        "required": [f"p{i}" for i in range(3000)],
    },
    "intricate choices": {
        "anyOf": [
            {
                "type": "object",
                "properties": {
                    c: {"anyOf": [{"type": "array", "items": {"enum": [j, str(j)]}} for j in range(30)]}
                    for c in "abcdefgh"
                },
            }
            for _ in range(12)
        ]
    },
    "ambiguous": {
        "$defs": {
            "n": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/n"}, "maxItems": k} for k in range(60)]}
        },
        "$ref": "#/$defs/n",
    },
    "a circle": circle(1200),
    "a ladder": ladder(1500),
    "too many characters": {"description": "x" * 8_000_000},
}
