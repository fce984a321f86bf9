"""The shape of the house, from its imports (those within functions, too): nothing that imports itself by a detour."""

import graphlib
from pathlib import Path

import grimp
import pytest

FOLDERS = ("stream", "engine", "client", "demo", "server", "features", "cluster", "app")
ROOMS = tuple(f"askcam.{folder}" for folder in FOLDERS)
LONGEST = 25  # files; it may shrink
SMALL = 25  # files that have less than 25 lines; it may shrink
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """By module, those of ours that it imports."""
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def order(imports: dict[str, set[str]]) -> list[str]:
    """All modules, what is imported first. Raises graphlib.CycleError."""
    return list(graphlib.TopologicalSorter(imports).static_order())


def longest_chain(imports: dict[str, set[str]]) -> list[str]:
    """The longest way down from one module to another, by imports."""
    chains: dict[str, list[str]] = {}
    for module in order(imports):
        below = (chains[used] for used in sorted(imports[module]))
        chains[module] = [module, *max(below, key=len, default=[])]
    return max(chains.values(), key=len)


def test_nothing_imports_itself_by_a_detour(imports: dict[str, set[str]]) -> None:
    try:
        order(imports)
    except graphlib.CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_no_chain_of_imports_grows(imports: dict[str, set[str]]) -> None:
    chain = longest_chain(imports)
    assert len(chain) <= LONGEST, " -> ".join(chain)


def test_a_circle_would_be_seen(imports: dict[str, set[str]]) -> None:
    closed = {**imports, "askcam.engine.errors": {*imports["askcam.engine.errors"], "askcam.engine.open"}}
    with pytest.raises(graphlib.CycleError):
        order(closed)


def lines(*folders: str) -> dict[Path, int]:
    """How many each source in these folders has; not those that say only that something is a package."""
    files = (file for folder in folders for file in (ROOT / folder).rglob("*.py") if file.name != "__init__.py")
    return {file.relative_to(ROOT): len(file.read_text().splitlines()) for file in files}


def test_the_figures(imports: dict[str, set[str]]) -> None:
    """`pytest -s` shows them."""
    server, openai = (sum(lines(folder).values()) for folder in ("server", "server/openai"))
    small = sorted(str(file) for file, num in lines(*FOLDERS).items() if num < 25)
    print(f"\nlongest chain: {len(longest_chain(imports))} files; under 25 lines: {len(small)} files")
    print(f"server: {server} lines; server without openai: {server - openai}")
    assert len(small) <= SMALL, small
