"""Every error of the stream and the engine comes back as it was from another process, whatever it is made of."""

import copy
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
from typing import Any

import pytest

import askcam.engine
import askcam.stream
from askcam.engine.errors import Stale, TooSlow

VALUES = {"str": "some words", "str | None": "some words", "float": 2.5, "int": 3, "bool": True}
OTHER = """
import pickle, sys
error = pickle.load(sys.stdin.buffer)
print(type(error).__name__, error, sorted(error.__dict__.items()), sep="|")
"""


def kinds() -> list[type[Exception]]:
    """Each kind of exception that a module of the two rooms defines."""
    found: set[type[Exception]] = set()
    for room in (askcam.stream, askcam.engine):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if module.name.endswith("__main__"):
                continue
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == module.name:
                    found.add(value)
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


def made(kind: type[Exception]) -> Exception:
    """One of its kind, with a value of its own for every parameter; a kind of value that is new here fails."""
    if "__init__" not in {name for each in kind.__mro__[: kind.__mro__.index(Exception)] for name in vars(each)}:
        return kind("some words")
    parameters = inspect.signature(kind.__init__).parameters.values()
    by_place: list[Any] = []
    by_name: dict[str, Any] = {}
    for parameter in list(parameters)[1:]:
        annotation = parameter.annotation
        value = VALUES[annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))]
        if parameter.kind is parameter.KEYWORD_ONLY:
            by_name[parameter.name] = value
        else:
            by_place.append(value)
    return kind(*by_place, **by_name)


def test_the_walk_finds_errors_of_all_floors() -> None:
    names = {kind.__name__ for kind in kinds()}
    assert names >= {"Stale", "Busy", "UnknownScene", "CameraUnavailable", "UnknownScheme", "PictureError", "PoolFull"}


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_an_error_comes_back_as_it_was(kind: type[Exception]) -> None:
    error = made(kind)
    backs = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for back in (*backs, copy.copy(error), copy.deepcopy(error)):
        assert type(back) is kind
        assert (str(back), back.args, back.__dict__) == (str(error), error.args, error.__dict__)


def test_it_comes_back_in_another_process() -> None:
    for error in (TooSlow("lobby", 7.5, 5.0, 3.0), Stale("lobby", 7.5, 5.0)):
        told = subprocess.run(
            [sys.executable, "-c", OTHER], input=pickle.dumps(error), capture_output=True, timeout=60, check=True
        )
        expected = "|".join((type(error).__name__, str(error), str(sorted(error.__dict__.items()))))
        assert told.stdout.decode().strip() == expected
