"""Rules about the text of the repository that no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("stream", "engine", "client", "demo", "server", "features", "cluster", "app")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")
# Put together here, so that this file does not hold what it looks for.
MARKS = re.compile("|".join((r"\bTO" + "DO", r"\bFIX" + "ME", r"\bXX" + r"X\b")))
HOMES = re.compile(r"(?<![\w.])/(?:" + "|".join(("wo" + "rk", "t" + "mp", "ho" + "me/", "Us" + "ers/")) + r")\b")


def files(*suffixes: str) -> list[Path]:
    """What git tracks, by suffix; scratch files lying about are their owner's business."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name.endswith(suffixes)]
    return [path for path in paths if path.is_file()]


def found(pattern: re.Pattern[str], paths: list[Path]) -> Iterator[str]:
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if pattern.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def test_packages_import_nothing_themselves() -> None:
    inits = [init for room in ROOMS for init in (ROOT / room).rglob("__init__.py")]
    assert len(inits) >= len(ROOMS)
    for init in inits:
        statements = ast.parse(init.read_text()).body
        assert all(isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in statements), init


def test_every_package_says_what_it_is() -> None:
    for room in ROOMS:
        for init in (ROOT / room).rglob("__init__.py"):
            assert ast.get_docstring(ast.parse(init.read_text())), f"{init} has no docstring"


def test_nothing_is_left_to_be_done() -> None:
    paths = files(".py", ".js", ".css", ".html", ".md", ".toml")
    assert len(paths) > 30
    assert list(found(MARKS, paths)) == []


def test_no_method_of_the_product_is_a_stub() -> None:
    """Interfaces are Protocols: what is missing then fails at the type check, not at a customer's."""
    rooms = [path for path in files(".py") if path.relative_to(ROOT).parts[0] in ROOMS]
    assert list(found(re.compile("raise NotImplementedError"), rooms)) == []


def test_no_path_of_one_machine_is_written_down() -> None:
    assert list(found(HOMES, files(".py", ".js", ".md", ".toml"))) == []


def pages() -> list[Path]:
    return files(".md")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_in_the_papers_lead_somewhere(page: Path) -> None:
    targets = [one or other for one, other in LINK.findall(page.read_text())]
    local = [
        target.split("#")[0] for target in targets if "://" not in target and not target.startswith(("#", "mailto:"))
    ]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_picture_of_the_house_is_true() -> None:
    """docs/architecture.md names every module in its room's part of the picture, and no file that is not there."""
    text = (ROOT / "docs/architecture.md").read_text()
    for path in set(re.findall(r"`((?:" + "|".join(ROOMS) + r"|tests)/[\w./]+)`", text)):
        assert (ROOT / path).exists(), f"{path} is named but not there"
    picture = text.split("<!-- picture -->")[1].split("<!-- end of picture -->")[0]
    parts = re.split(r"^    (\w+)/\n", picture, flags=re.MULTILINE)
    rooms = dict(zip(parts[1::2], parts[2::2], strict=True))
    for room in ROOMS:
        words = set(re.findall(r"\w+", rooms[room]))
        modules = {path.stem for path in (ROOT / room).rglob("*.py")} - {"__init__"}
        assert modules - words == set(), f"{room}/ has modules that the picture lacks"
