"""Who refuses says what kind of refusal it is. What that is on the wire: one table, server/wire/refusals.py."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from askcam.server import errors
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import TABLE

ROOT = Path(__file__).parents[2]
TELLS = ("server/http/", "server/openai/", "server/wire/", "server/terminal/")  # to clients, and to shells
READS = {"features/notify/webhook.py"}  # the statuses of others, which it asks
HTTP = {"HTTPStatus", "HTTPException"}
MANY = 500  # is a number of other things, too
STATUSES = {row.status for row in TABLE.values()} | {402, 405, 406, 408, 411, 412, 414, 422, 501, 502, 504} - {MANY}


def silent(path: str) -> bool:
    """Whether a file has no business with statuses."""
    if path.startswith("features/"):  # api.py and what stands beside it declare endpoints
        return path not in READS and not Path(path).name.startswith("api")
    return path.startswith("server/") and not path.startswith(TELLS)


def faults(path: str, text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        match node:
            case (
                ast.ImportFrom(module="askcam.server.wire.refusals")
                | ast.Import(names=[ast.alias(name="askcam.server.wire.refusals")])
            ):
                yield f"{path}:{node.lineno}: it reads the table"
            case ast.ImportFrom(names=names) if HTTP & {each.name for each in names}:
                yield f"{path}:{node.lineno}: it speaks HTTP"
            case ast.Constant(value=int(value)) if value in STATUSES - {MANY}:
                yield f"{path}:{node.lineno}: {value}"
            case ast.Raise(exc=ast.Call(args=[ast.Constant(value=int()), *_])):
                yield f"{path}:{node.lineno}: it raises a number"
            case ast.keyword(arg="status" | "status_code", value=ast.Constant()):
                yield f"{path}:{node.value.lineno}: it says a status"


def test_nothing_below_the_wire_knows_statuses() -> None:
    paths = [each for room in ("server", "features") for each in sorted((ROOT / room).rglob("*.py"))]
    named = [(each.relative_to(ROOT).as_posix(), each.read_text()) for each in paths]
    assert sum(silent(path) for path, _ in named) > 100
    assert [fault for path, text in named if silent(path) for fault in faults(path, text)] == []


@pytest.mark.parametrize(
    "planted",
    [
        "raise Refusal(409, 'taken')",
        "raise Internal(500, 'no')",
        "from askcam.server.wire.refusals import on_wire",
        "import askcam.server.wire.refusals",
        "from starlette.exceptions import HTTPException",
        "told(status=500)",
        "if exc.status == 404: ...",
    ],
)
def test_one_that_did_would_be_seen(planted: str) -> None:
    assert list(faults("features/watches/service.py", planted))


@pytest.mark.parametrize("path", ["features/watches/service.py", "server/asking.py", "server/access/auth.py"])
def test_these_are_looked_at(path: str) -> None:
    assert silent(path)


def test_every_kind_has_its_row() -> None:
    kinds = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Refusal)}
    assert kinds - {Refusal, errors.Trouble} == TABLE.keys()
