"""Imports put off: what others see of them, and when the real thing is read."""

import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from askcam.engine.deferred import deferred

HEAVY = """
import contextlib
NUMBERS = [1, 2]
FLAG = 4
class Shape:
    sides = 4
    def area(self): return 12
def double(x): return 2 * x
def loud(f): return lambda: f().upper()
def named(how): return lambda f: lambda: how + f()
def sized(x): return x
@contextlib.contextmanager
def opened(): yield "open"
"""
USER = """
import heavy
import heavy.part as part
from heavy import FLAG, NUMBERS, Shape, double, loud, opened
from heavy.part import deep
KINDS = {int: "number"}
def takes(one: Shape | None, other: int | Shape = 3, third: "Shape" = None) -> list[Shape]: ...
def is_shape(x): return isinstance(x, (str, Shape))
def is_kind(x): return issubclass(x, Shape)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """With a package `heavy` that nobody should read, and `user`, which imports it at its top."""
    (tmp_path / "heavy").mkdir()
    (tmp_path / "heavy" / "__init__.py").write_text(HEAVY)
    (tmp_path / "heavy" / "part.py").write_text("def deep(): return 'deep'\n")
    (tmp_path / "user.py").write_text(USER)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] in ("heavy", "user", "late", "large")]:
        del sys.modules[name]


def read() -> bool:
    """Whether the real package has been imported."""
    return getattr(sys.modules.get("heavy"), "__file__", None) is not None


def user() -> ModuleType:
    with deferred("heavy"):
        return importlib.import_module("user")


def test_nothing_is_read_by_who_only_imports(folder: Path) -> None:
    assert user().KINDS[int] == "number"
    assert [name for name in sys.modules if name.split(".")[0] == "heavy"] == []


UNREAD: list[tuple[str, Callable[[Any], Any], Any]] = [
    ("no object is an instance", lambda user: user.is_shape(3), False),
    ("others in the same question are", lambda user: user.is_shape("x"), True),
    ("no class is a subclass", lambda user: user.is_kind(int), False),
    (
        "annotations are not looked at",
        lambda user: set(user.takes.__annotations__),
        {"one", "other", "third", "return"},
    ),
    ("nobody asks for a file", lambda user: hasattr(user.heavy, "__file__"), False),
]


@pytest.mark.parametrize(("look", "wanted"), [row[1:] for row in UNREAD], ids=[row[0] for row in UNREAD])
def test_looking_reads_nothing(folder: Path, look: Callable[[Any], Any], wanted: Any) -> None:
    module = user()
    assert look(module) == wanted
    assert not read()


def _entered(user: Any) -> str:
    with user.opened() as found:
        return str(found)


def _derived(user: Any) -> int:
    class Square(user.Shape):  # type: ignore[misc, name-defined]
        pass

    return int(Square().area())


def _set(user: Any) -> int:
    user.heavy.FLAG = 8
    return int(sys.modules["heavy"].FLAG)


def _set_in_it(user: Any) -> int:
    user.Shape.sides = 5
    return int(sys.modules["heavy"].Shape.sides)


USES: list[tuple[str, Callable[[Any], Any], Any]] = [
    ("a function is called", lambda user: user.double(4), 8),
    ("of a submodule", lambda user: user.deep(), "deep"),
    ("by the module's name", lambda user: user.heavy.double(5), 10),
    ("by a submodule's name", lambda user: user.part.deep(), "deep"),
    ("an instance is made", lambda user: user.Shape().area(), 12),
    ("an attribute is read", lambda user: user.Shape.sides, 4),
    ("a class is derived from it", _derived, 12),
    ("it decorates", lambda user: user.loud(lambda: "a")(), "A"),
    ("it is entered", _entered, "open"),
    ("it is looked into", lambda user: user.NUMBERS[1], 2),
    ("it is walked along", lambda user: list(user.NUMBERS), [1, 2]),
    ("it is compared", lambda user: user.NUMBERS == [1, 2], True),
    ("it is true", lambda user: bool(user.FLAG), True),
    ("it is a flag among others", lambda user: user.FLAG | 1, 5),
    ("it is set from outside", _set, 8),
    ("something in it is set", _set_in_it, 5),
]


@pytest.mark.parametrize(("use", "wanted"), [row[1:] for row in USES], ids=[row[0] for row in USES])
def test_what_is_used_is_the_real_thing(folder: Path, use: Callable[[Any], Any], wanted: Any) -> None:
    module = user()
    assert use(module) == wanted
    assert read()


@pytest.mark.parametrize(("use", "wanted"), [row[1:] for row in USES], ids=[row[0] for row in USES])
def test_so_it_is_within_the_block(folder: Path, use: Callable[[Any], Any], wanted: Any) -> None:
    with deferred("heavy"):
        module = importlib.import_module("user")
        assert use(module) == wanted
        assert read()


MARKING = """
import heavy
@heavy.loud
def plainly():
    "What it says."
    return "a"
@heavy.named("x")
def by_argument(): return "b"
shape = heavy.Shape()
shapes = [shape or None]
sizes = heavy.sized(3), heavy.sized(True), heavy.sized((1, [2, 3]))
"""
CALLED: dict[str, Any] = {
    "makers": ["heavy.Shape"],
    "marks": ["heavy.loud", "heavy.named"],
    "plain": {"heavy.sized": lambda value: value},
}


@pytest.fixture
def marking(folder: Path) -> ModuleType:
    """A module whose functions are decorated, and whose values are made, by what was put off."""
    (folder / "late.py").write_text(MARKING)
    with deferred("heavy", **CALLED):
        return importlib.import_module("late")


def test_what_may_wait_waits(marking: ModuleType) -> None:
    assert marking.plainly() == "a"  # as it is, as long as nobody reads what would mark it
    assert marking.by_argument() == "b"
    assert (marking.plainly.__name__, marking.plainly.__doc__) == ("plainly", "What it says.")
    assert marking.shapes == [marking.shape]
    assert marking.sizes == (3, True, (1, [2, 3]))
    assert not read()


def test_what_waited_is_as_if_it_had_not(marking: ModuleType) -> None:
    import heavy

    assert marking.plainly() == "A"
    assert marking.by_argument() == "xb"
    assert marking.shape.area() == 12
    assert isinstance(marking.shape, heavy.Shape)
    assert not isinstance(marking.shape, str)


def test_to_use_what_was_made_reads(marking: ModuleType) -> None:
    assert marking.shape.area() == 12
    assert read()
    assert marking.plainly() == "A"


def test_what_is_not_plain_is_for_the_real_function(folder: Path) -> None:
    with deferred("heavy", **CALLED):
        module = importlib.import_module("user")
        assert module.heavy.sized(1) == 1
        assert not read()
        assert module.heavy.sized("text") == "text"
        assert read()


def test_the_first_use_ends_it_for_all(folder: Path) -> None:
    (folder / "large.py").write_text("NUMBER = 7\n")
    with deferred("heavy", "large"):
        module = importlib.import_module("user")
        module.double(1)
        large = importlib.import_module("large")
    assert large.__file__ == str(folder / "large.py")


def test_an_instance_is_one_once_the_real_thing_is_read(folder: Path) -> None:
    module = user()
    shape = module.Shape()
    assert module.is_shape(shape)
    assert module.is_kind(type(shape))
    assert not module.is_shape(3)


def test_after_the_block_others_import_as_ever(folder: Path) -> None:
    module = user()
    import heavy  # type: ignore[import-not-found]

    assert heavy.__file__ == str(folder / "heavy" / "__init__.py")
    assert module.double(1) == 2
    assert module.Shape.sides == heavy.Shape.sides


def test_what_was_there_before_stays(folder: Path) -> None:
    importlib.import_module("heavy")
    assert user().Shape is sys.modules["heavy"].Shape


def test_a_name_that_is_not_there_is_told_when_it_is_used(folder: Path) -> None:
    (folder / "late.py").write_text("from heavy import missing\n")
    with deferred("heavy"):
        module = importlib.import_module("late")
    with pytest.raises(AttributeError, match="missing"):
        module.missing()


@pytest.mark.parametrize("name", ["heavy.gone", "heavy.part.gone", "nowhere", "nowhere.gone"])
def test_a_module_that_is_not_there_is_not_found(folder: Path, name: str) -> None:
    """Others look whether a package is installed, and do without."""
    with deferred("heavy", "nowhere"):
        assert importlib.util.find_spec(name.split(".")[0]) is None or name.startswith("heavy")
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)
    assert not read()


def test_an_exception_ends_the_block_too(folder: Path) -> None:
    before = list(sys.meta_path)
    (folder / "late.py").write_text("import heavy\nraise RuntimeError")
    with pytest.raises(RuntimeError), deferred("heavy"):
        importlib.import_module("late")
    assert sys.meta_path == before
    assert "heavy" not in sys.modules


def test_a_package_that_is_there_is_put_off_in_part(folder: Path) -> None:
    """torch is, torch._dynamo is not; and torch finds its parts by itself."""
    heavy = importlib.import_module("heavy")
    with deferred("heavy.part"):
        from heavy.part import deep  # type: ignore[import-not-found]
    assert "heavy.part" not in sys.modules
    assert heavy.part.deep() == "deep"
    assert deep() == "deep"
    assert sys.modules["heavy.part"].__file__ == str(folder / "heavy" / "part.py")
    assert heavy.part is sys.modules["heavy.part"]


def test_threads_take_turns(folder: Path) -> None:
    inside, order = threading.Event(), []

    def second() -> None:
        inside.wait(60)
        with deferred("heavy"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with deferred("heavy"):
        inside.set()
        thread.join(0.05)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
    assert not any(type(finder).__module__.endswith("deferred") for finder in sys.meta_path)


def test_other_threads_may_import_meanwhile(folder: Path) -> None:
    ended, found = threading.Event(), list[BaseException]()

    def import_much() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            sys.modules[f"user.made{number}"] = ModuleType("made")
            if number > 5000:
                number = 0
                for name in [name for name in list(sys.modules) if name.startswith("user.made")]:
                    del sys.modules[name]

    thread = threading.Thread(target=import_much)
    thread.start()
    try:
        for _ in range(300):
            with deferred("heavy"):
                importlib.import_module("heavy")
    except RuntimeError as exc:
        found.append(exc)
    finally:
        ended.set()
        thread.join()
    assert found == []
