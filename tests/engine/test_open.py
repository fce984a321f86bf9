"""What hinders the packages that run a model is told as a ModelError with its remedy, before a model is looked for."""

import sys

import pytest

from askcam.engine import open as opening
from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig


@pytest.mark.parametrize("missing", opening.RUNS_MODELS)
def test_a_package_that_is_missing_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "find_spec", lambda name: None if name == missing else object())
    for work in (
        lambda config: opening.open_engine(config),
        lambda config: opening.sharing_memory({"a": config, "b": config}, print),
    ):
        with pytest.raises(ModelError, match=f"pip install {missing.replace('_', '-')}, or name a model server"):
            work(EngineConfig("no/such"))


def test_packages_that_do_not_fit_each_other_are_told_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "askcam.engine.opening", None)  # whose import fails, as that of such packages does
    with pytest.raises(ModelError, match=r"cannot be read \(ModuleNotFoundError.*both from the same index"):
        opening.open_engine(EngineConfig("no/such"))
