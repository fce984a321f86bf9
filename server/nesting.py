"""How deep JSON from outside is nested. Python's own parser and every walk over its result end with RecursionError."""

import json
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 64  # lists and objects within each other; nothing that people send comes near it


def parsed(text: str, most: int = MAX_DEPTH) -> Any:
    """JSON as Python has it. Raises ValueError for what is none, and for what is nested deeper than `most`."""
    try:
        found = json.loads(text)
    except RecursionError as exc:
        raise ValueError("it is nested too deeply") from exc
    if not shallow(found, most):
        raise ValueError("it is nested too deeply")
    return found


def shallow(value: Any, most: int = MAX_DEPTH) -> bool:
    """Whether lists and objects are nested at most so deep, found out without recursion."""
    layer = [value]
    for _ in range(most + 1):
        layer = [each for each in layer if isinstance(each, Mapping | list | tuple)]  # those that open one more level
        if not layer:
            return True
        layer = [inner for outer in layer for inner in (outer.values() if isinstance(outer, Mapping) else outer)]
    return False
