"""Imports that other packages make at their top and seldom need, put off until they are used.

transformers and torchvision read torch's compiler at their own import (torch._dynamo, and with it sympy, Inductor and
Triton) for a name or two that nothing here calls: a hundred megabytes and seconds. While a `deferred` block runs, what
is named there is not read; whoever imports it gets placeholders. The first that is called, or whose attribute is read,
imports the real thing, and ends the block's effect. After the block everything is imported as ever.
"""

import functools
import importlib
import importlib.abc
import importlib.machinery
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType, MappingProxyType, ModuleType, UnionType
from typing import Any, TypeVar, get_origin


@contextmanager
def deferred(
    *packages: str,
    makers: Collection[str] = (),
    marks: Collection[str] = (),
    plain: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
) -> Iterator[None]:
    """Put off the imports of `packages`, and of what lies in them, while the block runs; those that have been imported
    already are as they were. One thread at a time is in a block; what others import meanwhile is put off, too.

    Some calls need not read anything, if that is said of their names: `makers` (or packages of such) make something
    that is true, and do nothing else: it is made when it is used. `marks` decorate functions, which run as they are
    until the package is read. `plain`: functions, with what they give for plain numbers and for lists of these.
    """
    with _BLOCK:
        finder = _Finder([name for name in packages if name not in sys.modules], makers, marks, plain)
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            sys.meta_path.remove(finder)
            finder.release()


_BLOCK = threading.RLock()


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what is put off, first of all finders, and makes empty modules of it."""

    def __init__(
        self,
        packages: Collection[str],
        makers: Collection[str],
        marks: Collection[str],
        plain: Mapping[str, Callable[..., Any]],
    ) -> None:
        self.packages, self.makers, self.marks, self.plain = set(packages), makers, marks, plain

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        real = importlib.machinery.PathFinder.find_spec(name, path) if self.defers(name) else None
        if real is None:  # what is not there must not seem to be
            return None
        spec = importlib.machinery.ModuleSpec(name, self)
        spec.submodule_search_locations = real.submodule_search_locations
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Module(spec.name, self)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""

    def defers(self, name: str) -> bool:
        """Whether this module is put off now."""
        return _within(name, self.packages)

    def release(self) -> None:
        """From now on all is imported as ever; placeholders find the real thing."""
        self.packages.clear()
        for name, module in sys.modules.copy().items():  # in one step: other threads may import
            if type(module) is _Module:
                del sys.modules[name]


class _Module(ModuleType):
    """A module that was not read. Its names are placeholders until it is no longer put off."""

    def __init__(self, name: str, finder: _Finder) -> None:
        super().__init__(name)
        self.__dict__["_finder"] = finder

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # whoever looks a module over, as inspect does, is not to wake it
        return _Name(self, name) if self._finder.defers(self.__name__) else getattr(self._real(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        submodule = isinstance(value, _Module) and value.__name__ == f"{self.__name__}.{name}"
        if submodule or (name.startswith("__") and name.endswith("__")):  # the import's own doing
            super().__setattr__(name, value)
        else:
            setattr(self._real(), name, value)

    def _real(self) -> ModuleType:
        """The module itself, which is imported by this if it was not yet."""
        if self._finder.defers(self.__name__):
            self._finder.release()
        return importlib.import_module(self.__name__)

    def _unread(self) -> bool:
        """Whether nobody has imported the real one: then there are no instances of its classes."""
        return isinstance(sys.modules.get(self.__name__, self), _Module)


class _Placeholder:
    """For something that is found, by _find(), when it is used."""

    __slots__ = ()
    _find: Any

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._find()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return getattr(self._find(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._find(), name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._find()[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._find())

    def __bool__(self) -> bool:
        return bool(self._find())

    def __eq__(self, other: object) -> bool:
        waits: Any = other
        return bool(self._find() == (waits._find() if type(other) in (_Name, _Made) else other))

    def __hash__(self) -> int:
        return hash(self._find())


class _Name(_Placeholder):
    """A name in a module that was not read: a class, a function, a submodule."""

    __slots__ = ("_module", "_name")
    _module: _Module
    _name: str

    def __init__(self, module: _Module, name: str) -> None:
        object.__setattr__(self, "_module", module)
        object.__setattr__(self, "_name", name)

    def _find(self) -> Any:
        return getattr(self._module._real(), self._name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name, finder = f"{self._module.__name__}.{self._name}", self._module._finder
        if self._module._unread():
            if name in finder.marks:
                return _marked(self, args, kwargs)
            if _within(name, finder.makers):
                return _Made(self, args, kwargs)
            if name in finder.plain and _is_plain(args) and not kwargs:
                return finder.plain[name](*args)
        return self._find()(*args, **kwargs)

    def __instancecheck__(self, instance: Any) -> bool:
        if type(instance) is not _Made and self._module._unread():
            return False  # of a class that nobody has read there are no instances
        return isinstance(instance, self._find())

    def __subclasscheck__(self, subclass: type) -> bool:
        return not self._module._unread() and issubclass(subclass, self._find())

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._find(),)

    def __or__(self, other: Any) -> Any:
        return Any if self._module._unread() and _annotates(other) else self._find() | other

    def __ror__(self, other: Any) -> Any:
        return Any if self._module._unread() and _annotates(other) else other | self._find()


class _Made(_Placeholder):
    """What a call makes that has not been carried out."""

    __slots__ = ("_args", "_found", "_kwargs", "_maker", "_marks")
    _maker: "_Name | _Made"
    _args: tuple[Any, ...]
    _kwargs: dict[str, Any]
    _found: Any
    _marks: bool  # whether it decorates functions

    def __init__(
        self, maker: "_Name | _Made", args: tuple[Any, ...], kwargs: dict[str, Any], marks: bool = False
    ) -> None:
        values = {"_maker": maker, "_args": args, "_kwargs": kwargs, "_found": _NOTHING, "_marks": marks}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _find(self) -> Any:
        if self._found is _NOTHING:
            object.__setattr__(self, "_found", self._maker._find()(*self._args, **self._kwargs))
        return self._found

    @property
    def _module(self) -> _Module:
        return self._maker._module

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._module._unread() and self._marks and _decorates(args):
            return _marked(self, args, kwargs)
        return self._find()(*args, **kwargs)

    def __bool__(self) -> bool:
        return self._module._unread() or bool(self._find())

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # so it is an instance of its class
        return type(self._find())


_NOTHING = object()


def _marked(mark: _Name | _Made, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a mark makes of a function: one that runs as it is, until its package is read. Of anything else: a mark."""
    made = _Made(mark, args, kwargs, marks=True)
    if not _decorates(args):
        return made

    @functools.wraps(args[0])
    def function(*given: Any, **named: Any) -> Any:
        return (args[0] if made._module._unread() else made)(*given, **named)

    return function


def _decorates(args: tuple[Any, ...]) -> bool:
    """Whether a call with these decorates a function."""
    return bool(args) and isinstance(args[0], FunctionType)


def _within(name: str, packages: Collection[str]) -> bool:
    """Whether a dotted name is one of these, or lies in one."""
    return any(name == each or name.startswith(each + ".") for each in packages)


def _is_plain(value: Any) -> bool:
    """Whether it is a number, or consists of them."""
    return type(value) in (bool, int) or (isinstance(value, tuple | list) and all(_is_plain(each) for each in value))


def _annotates(other: Any) -> bool:
    """Whether X | other is an annotation: nobody asks what X is."""
    return other is None or isinstance(other, type | UnionType | TypeVar) or get_origin(other) is not None
