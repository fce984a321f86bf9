"""Spares Triton's interpreter what it does at every call and need not: half of its time. Loaded with -p.

It looks through all of triton.language at every call of a function to patch what the launch around it has patched
already: here each launch patches once. It makes the shape of every value anew, and a table of NumPy's types to look
one up: here those are kept.
"""

import math
from functools import cache
from typing import Any

import numpy as np
from triton import language
from triton.language.core import constexpr, is_builtin
from triton.runtime import interpreter

_POINTER = np.dtype(np.uint64)
_patch_all = interpreter._patch_lang


@cache
def _names(package: Any) -> tuple[str, ...]:
    return tuple(name for name, member in interpreter.inspect.getmembers(package) if is_builtin(member))


def _patch_builtin(package: Any, builder: Any, scope: Any) -> None:
    for name in _names(package):
        member = getattr(package, name)
        if not is_builtin(member):
            return  # patched, all of them
        interpreter._patch_attr(package, name, member, builder, scope)


def _patch_lang(fn: Any) -> Any:
    if is_builtin(language.load) or is_builtin(language.core.load):
        return _patch_all(fn)
    return interpreter._LangPatchScope()


@cache
def _shape(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """What tensor.__init__ makes of a block's shape: its size and its sides. Nobody changes them."""
    return constexpr(math.prod(shape)), language.core.tuple([constexpr(side) for side in shape])


def _make_tensor(self: Any, handle: Any, type: Any) -> None:
    self.handle, self.type, self.dtype = handle, type, type.scalar
    self.numel, self.shape = _shape(tuple(type.shape) if type.is_block() else ())


_scalar = cache(interpreter._get_np_dtype)  # pointers have no hash


def _numpy_type(kind: Any) -> Any:
    kind = kind.scalar
    return _POINTER if kind.is_ptr() else _scalar(kind)


interpreter._patch_builtin = _patch_builtin
interpreter._patch_lang = _patch_lang
interpreter._get_np_dtype = _numpy_type
language.core.tensor.__init__ = _make_tensor
