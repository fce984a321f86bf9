"""What tests wait for has time to come on a machine that is busy or slow: a bound is met by a broken test only.

A bound under a second may be one that is to run out, one of a minute is patient; what lies between is an answer that a
slow machine gives too late. A client of somebody else's with a bound of its own (five seconds of httpx's, ten of
websockets') is told another.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PATIENT_S = 60.0
BRIEF_S = 2.0  # up to here it is meant to run out
HTTPX = {"get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "Client", "AsyncClient"}
FIRST = {"wait", "join", "result", "timeout", "settimeout"}  # methods whose first argument is a bound
# Bounds that run out: the product's own is longer.
SHORTER = {"server/attached/test_fetched_pictures.py": {55}, "features/mcp_server/test_served.py": {45}}


def sources() -> list[Path]:
    return sorted(path for path in TESTS.rglob("*.py") if "node_modules" not in path.parts)


def bounds(call: ast.Call) -> Iterator[float]:
    """The seconds, written as a number, for which this call waits at most."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    found = [each.value for each in call.keywords if each.arg in ("timeout", "open_timeout")]
    if name in FIRST:
        found += call.args[:1]
    elif name == "wait_for":
        found += call.args[1:2]
    elif name == "until":
        found += [*call.args[2:3], *(each.value for each in call.keywords if each.arg == "timeout_s")]
    for one in found:
        if isinstance(one, ast.Constant) and type(one.value) in (int, float):
            yield one.value


def impatient(text: str, allowed: frozenset[float] | set[float] = frozenset()) -> list[str]:
    """What does not wait long enough in a test's source, by line."""
    tree = ast.parse(text)
    connects = {
        name.asname or name.name
        for each in ast.walk(tree)
        if isinstance(each, ast.ImportFrom) and (each.module or "").startswith("websockets")
        for name in each.names
        if name.name == "connect"
    }
    told = []
    for call in (each for each in ast.walk(tree) if isinstance(each, ast.Call)):
        given, func = {each.arg for each in call.keywords}, call.func
        if isinstance(func, ast.Attribute) and ast.unparse(func.value) == "httpx" and func.attr in HTTPX:
            if not given & {"timeout", "transport"}:
                told.append(f"{call.lineno}: httpx.{func.attr}() gives up after 5 s: timeout={PATIENT_S:g}")
        elif isinstance(func, ast.Name) and func.id in connects and "open_timeout" not in given:
            told.append(f"{call.lineno}: {func.id}() gives up after 10 s: open_timeout={PATIENT_S:g}")
        told += [
            f"{call.lineno}: {seconds:g} s are soon over: {PATIENT_S:g}"
            for seconds in bounds(call)
            if BRIEF_S < seconds < PATIENT_S and seconds not in allowed
        ]
    return told


def test_what_is_waited_for_has_time_to_come() -> None:
    paths = sources()
    assert len(paths) > 300
    found = {str(path.relative_to(TESTS)): path for path in paths}
    told = [
        f"tests/{name}:{line}"
        for name, path in found.items()
        for line in impatient(path.read_text(), SHORTER.get(name, set()))
    ]
    assert told == []


@pytest.mark.parametrize(
    "line",
    [
        "httpx.get(url)",
        "with httpx.Client(base_url=url) as http: pass",
        "httpx.post(url, json={}, timeout=5)",
        "from websockets.sync.client import connect\nconnect(url)",
        "from websockets.asyncio.client import connect as websocket\nwebsocket(url, open_timeout=10)",
        "thread.join(10)",
        "assert begun.wait(20.0)",
        "process.communicate(timeout=30)",
        "asyncio.wait_for(asking, 30)",
        "until(lambda: there, 'it', 15)",
        "until(lambda: there, 'it', timeout_s=15.0)",
        "asyncio.timeout(10)",
    ],
)
def test_what_has_little_time_is_found(line: str) -> None:
    assert len(impatient(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "httpx.get(url, timeout=60)",
        "httpx.Client(transport=wired)",
        "connect(address)",
        "thread.join(0.05)",
        "thread.join()",
        "' '.join(words)",
        "process.wait(90)",
        "until(lambda: there, 'it', every_s=0.5)",
    ],
)
def test_what_is_patient_is_left_in_peace(line: str) -> None:
    assert impatient(line) == []
