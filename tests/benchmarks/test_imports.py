"""What a benchmark takes of ours is there: most run by hand, months apart, and import some names on their way only."""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FILES = sorted(BENCHMARKS.rglob("*.py"))


def taken(file: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of all that it imports of ours, wherever in it that is written."""
    beside = {other.stem for other in BENCHMARKS.glob("*.py")} | {"attacks"}
    for node in ast.walk(ast.parse(file.read_text())):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if module and module.split(".")[0] in {"askcam", "support", *beside}:
            yield from ((module, alias.name) for alias in node.names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(BENCHMARKS)))
def test_what_it_imports_is_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])
    for module, name in taken(file):
        found = importlib.import_module(module)
        there = hasattr(found, name) or importlib.util.find_spec(f"{module}.{name}") is not None
        assert there, f"{module} has no {name}"
