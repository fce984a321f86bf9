"""One word for one idea: what a class is called says which one it is, whichever file it is met in."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("stream", "engine", "client", "demo", "server", "features", "cluster", "app")
LONGEST = 300  # lines of a file
TWICE = {  # of the same idea on two sides; docs/architecture.md says so
    "Answer", "Busy", "CameraUnavailable", "Cancelled", "Reply", "Role", "TooSlow", "Usage",
}  # fmt: skip


def sources() -> dict[str, str]:
    return {
        path.relative_to(ROOT).as_posix(): path.read_text() for room in ROOMS for path in (ROOT / room).rglob("*.py")
    }


def test_no_two_classes_have_one_name() -> None:
    where: dict[str, list[str]] = defaultdict(list)
    for path, text in sources().items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                where[node.name].append(path)
    assert {name: paths for name, paths in where.items() if len(paths) > 1 and name not in TWICE} == {}
    assert {name for name, paths in where.items() if len(paths) > 1} == TWICE, "one of these has become single"
    glossary = (ROOT / "docs/architecture.md").read_text()
    assert all(f"`{name}`" in glossary for name in TWICE)


def test_files_are_small_and_say_what_they_are_for() -> None:
    found = sources()
    assert [path for path, text in found.items() if text.count("\n") > LONGEST] == []
    for path, text in found.items():
        assert ast.get_docstring(ast.parse(text)), f"{path} does not say what it is for"
