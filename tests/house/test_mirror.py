"""Where a file's tests stand: tests/ has the tree's own folders, and what tests share stands in tests/support."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
OWN = {"support", "house", "sdk", "hazards", "examples"}  # beside the tree: shared parts, and tests of the whole
LOADED = """
import runpy, sys
for path in sys.argv[1:]:
    sys.path.insert(0, path.rpartition("/")[0])
    runpy.run_path(path, run_name="loaded")
print("done")
"""


def folders() -> list[Path]:
    """The folders that hold tests, relative to tests/."""
    return sorted({path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py") if "node" not in path.parts})


def test_each_folder_of_tests_is_named_as_the_folder_that_it_tests() -> None:
    strange = [str(each) for each in folders() if each.parts[:1] not in {(own,) for own in OWN} and each.parts]
    assert [each for each in strange if not (ROOT / each).is_dir()] == []


def test_what_tests_share_stands_in_support() -> None:
    assert [path.name for path in TESTS.glob("*.py")] == ["conftest.py"]
    assert [path.name for path in (TESTS / "support").rglob("test_*.py")] == []


def test_every_benchmark_finds_what_it_imports() -> None:
    """Nothing else runs all of them, and each imports what moves."""
    found = sorted(map(str, (ROOT / "benchmarks").glob("*.py")))
    done = subprocess.run([sys.executable, "-c", LOADED, *found], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.stdout.endswith("done\n"), done.stderr[-2000:]
