"""The table of machines in docs/models.md is what the rule of `askcam models` gives."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("machines", ROOT / "benchmarks" / "machines.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "machines", module)
    spec.loader.exec_module(module)
    return module


def test_the_document_has_the_table_as_it_is_calculated(machines: ModuleType) -> None:
    assert machines.table() in (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


def test_each_machine_gets_a_model_that_fits_it(machines: ModuleType) -> None:
    for machine, best in machines.rows():
        assert best.bytes.fits, machine.host.name
        assert best.bytes.weights_bytes < machine.host.free_bytes
