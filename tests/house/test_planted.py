"""benchmarks/planted.py: faults are planted in a copy, and the tests there see them or don't."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
BACKOFF = "stream/backoff.py"


@pytest.fixture(scope="module")
def planted() -> ModuleType:
    spec = importlib.util.spec_from_file_location("planted", ROOT / "benchmarks" / "planted.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["planted"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_fault_names_a_room_of_its_own_and_tests_that_are_there(planted: ModuleType) -> None:
    faults = planted.written()
    assert {fault.room for fault in faults} == {"stream", "engine", "server", "client", "features", "cluster"}
    for fault in faults:
        assert fault.file.startswith(f"{fault.room}/"), fault
        assert fault.tests, fault
        assert planted.plant((ROOT / fault.file).read_text(), fault) is not None, f"{fault.name} has no place any more"
        assert all((ROOT / test.partition("::")[0]).exists() for test in fault.tests), fault


def test_a_fault_is_seen_by_a_test_that_fails_only_with_it_and_the_checkout_stays_as_it_is(
    planted: ModuleType, tmp_path: Path
) -> None:
    before = (ROOT / BACKOFF).read_bytes()
    copy, tests = planted.Copy(tmp_path, []), ("tests/stream/test_backoff.py",)

    def run(old: str, new: str) -> tuple[str, str]:
        found: tuple[str, str] = copy.run(planted.Fault("stream", "x", BACKOFF, old, new, tests), 120.0)
        return found

    outcome, by = run("FIRST_S = 0.25", "FIRST_S = 90.0")
    assert outcome == planted.SEEN
    assert by.startswith("tests/stream/test_backoff.py::test_")
    assert run('"""A frame came."""', '"""A frame has come."""') == (planted.NOT_SEEN, "")
    assert run("no such text", "") == (planted.GONE, "")
    with pytest.raises(SyntaxError):
        run("FIRST_S = 0.25", "FIRST_S = = 0.25")
    assert (ROOT / BACKOFF).read_bytes() == (copy.tree / BACKOFF).read_bytes() == before
