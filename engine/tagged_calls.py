"""Calls in tags, as Qwen3.5's chat template wants them, read and written as a grammar. Pure.

    <function=name>
    <parameter=place>
    hall
    </parameter>
    </function>

A text stands there as it is, all else as JSON. So what is meant by "5" follows from the tool's schema.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

BEGIN = "<function="
END = "\n</parameter>\n"  # of a value
FUNCTION = re.compile(r"\s*<function=([^>\n]+)>(.*?)</function>\s*", re.DOTALL)
PARAMETER = re.compile(r"\s*<parameter=([^>\n]+)>\n?(.*?)\n?</parameter>", re.DOTALL)
SPELLED = {"True": True, "False": False, "None": None}  # as templates write them that know no JSON


def read(body: str, tools: Mapping[str, Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of a call. `tools`: schemas of arguments, by name. Raises ValueError."""
    whole = FUNCTION.fullmatch(body)
    if whole is None:
        raise ValueError("want <function=name>, its parameters, </function>")
    name, inside = whole[1].strip(), whole[2]
    schema, found, at = tools.get(name, {}), dict[str, Any](), 0
    while inside[at:].strip():
        one = PARAMETER.match(inside, at)
        if one is None:
            raise ValueError("want <parameter=name>, a value, </parameter>")
        found[one[1].strip()] = _value(one[2], _resolved(schema, schema.get("properties", {}).get(one[1].strip(), {})))
        at = one.end()
    return name, found


def _value(written: str, schema: Mapping[str, Any]) -> Any:
    """A value as its schema means it; what nothing is known of is a text."""
    if _is_text(schema) and not (written == "null" and "null" in _types(schema)):
        return written
    if written in SPELLED:
        return SPELLED[written]
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return written


def rules(calls: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """Rules of a grammar, `wanted` the first, for a call of one of the tools of calls.call_schema(). `options`: how
    JSON is to be written. A text's pattern and format are not held to; one of bounded length has no `<` in it."""
    found = [f"wanted: {' | '.join(f'call{n}' for n in range(len(calls['anyOf'])))}"]
    for n, call in enumerate(calls["anyOf"]):
        name, given = call["properties"]["name"]["const"], call["properties"]["arguments"]
        given = _resolved(calls, given)
        begin, parts = json.dumps(f"{BEGIN}{name}>\n"), []
        for m, (key, schema) in enumerate(given.get("properties", {}).items()):
            place = (
                f"#/$defs/call/anyOf/{n}/properties/arguments/properties/{key.replace('~', '~0').replace('/', '~1')}"
            )
            parts.append(f"p{n}_{m}{'' if key in given.get('required', ()) else '?'}")
            value = _written(schema, calls, place, options)
            found.append(f"p{n}_{m}: {json.dumps(f'<parameter={key}>' + chr(10))} {value}")
        if "properties" not in given and given.get("maxProperties") != 0:
            parts.append("any_parameter*")
        found.append(f'call{n}: {begin} {" ".join(parts)} "</function>"')
    end = json.dumps(END)
    return [*found, 'any_parameter: "<parameter=" /[^>\\n]+/ ">\\n" text', f"text[suffix={end}]: /(?s:.*)/"]


def _written(given: Any, calls: Mapping[str, Any], place: str, options: Mapping[str, Any]) -> str:
    """What stands behind a parameter's name, its end included."""
    schema, end = _resolved(calls, given), json.dumps(END)
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if choices is not None:
        texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in choices]
        return f"({' | '.join(json.dumps(text) for text in texts)}) {end}"
    if not _is_text(schema):
        whole = dict(schema)
        if _refers(given):  # to what stands elsewhere, which must then be there, too
            whole = {"$ref": place, "$defs": {"call": moved(calls, "#/$defs/call")}}
        whole |= options
        return f"%json {json.dumps(whole)} {end}"
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if least or most is not None:
        return f"/[^<]{{{least},{'' if most is None else most}}}/ {end}"
    return "text"


def _refers(schema: Any) -> bool:
    """Whether some part of it is said elsewhere."""
    if isinstance(schema, list):
        return any(map(_refers, schema))
    return isinstance(schema, dict) and ("$ref" in schema or any(map(_refers, schema.values())))


def _is_text(schema: Mapping[str, Any]) -> bool:
    types = _types(schema)
    return not types or "string" in types


def _types(schema: Mapping[str, Any]) -> set[str]:
    """All that a value may be; none: not said."""
    if "enum" in schema or "const" in schema:
        kinds = [schema["const"]] if "const" in schema else schema["enum"]
        return {"string" if isinstance(one, str) else "null" if one is None else "other" for one in kinds}
    given = schema.get("type", [])
    found = {given} if isinstance(given, str) else set(given)
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= _types(one)
    return found


def _resolved(whole: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:
    """A schema, or what it refers to within `whole`."""
    for _ in range(16):  # references to references
        ref = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(ref, str) or not ref.startswith("#/"):
            break
        schema = whole
        for part in ref[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            schema = schema[int(key)] if isinstance(schema, list) else schema.get(key, {})
    return schema if isinstance(schema, dict) else {}


def moved(schema: Any, place: str) -> Any:
    """`schema` standing at `place` of a larger one: its references into itself lead there."""
    if isinstance(schema, list):
        return [moved(one, place) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: value if key in ("const", "enum") else moved(value, place) for key, value in schema.items()}
    ref = schema.get("$ref")
    if isinstance(ref, str) and ref.startswith("#"):
        found["$ref"] = place + ref[1:]
    return found
