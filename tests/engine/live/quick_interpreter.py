"""Spares Triton's interpreter what it does at every call and need not: two thirds of its time. Loaded with -p.

It looks through all of triton.language at every call of a function to patch what the launch around it has patched
already: here each launch patches once. It makes the shape of every value anew, and a table of NumPy's types to look
one up: here those are kept. It goes through all rules of promotion and broadcasting for two values of one type, and
asks by a dozen of its own operations whether one overflows: here those of one type are taken as they are, and NumPy
tells in one step.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from triton import language
from triton.language.core import constexpr, is_builtin
from triton.language.semantic import TritonSemantic
from triton.runtime import interpreter

_POINTER = np.dtype(np.uint64)
_OF_ONE_TYPE = frozenset({"fp32", "int32", "int64"})  # two of these are computed in it, whatever the operation
_EXACT: dict[str, Callable[..., Any]] = {"add": np.add, "sub": np.subtract, "mul": np.multiply}
_patch_all = interpreter._patch_lang
_operands_of_any_type = TritonSemantic.binary_op_type_checking_impl
_broadcast_any = TritonSemantic.broadcast_impl_value
_unwrap_any = language.core._unwrap_if_constexpr
_block_of = language.block_type.__init__


@cache
def _names(package: Any) -> tuple[str, ...]:
    return tuple(name for name, member in interpreter.inspect.getmembers(package) if is_builtin(member))


def _patch_builtin(package: Any, builder: Any, scope: Any) -> None:
    for name in _names(package):
        member = getattr(package, name)
        if not is_builtin(member):
            return  # patched, all of them
        interpreter._patch_attr(package, name, member, builder, scope)


def _patch_attr(obj: Any, name: str, member: Any, builder: Any, scope: Any) -> None:
    def patched(*args: Any, **kwargs: Any) -> Any:
        kwargs["_semantic"] = interpreter.interpreter_semantic
        return member(*args, **kwargs)

    scope.set_attr(obj, name, patched)


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


@cache
def _sides(sides: tuple[int, ...]) -> int:
    """How many values a block of such sides has, once block_type has found nothing wrong with them."""
    made = language.block_type(language.float32, [constexpr(side) for side in sides])
    return int(made.numel)


def _make_block(self: Any, element_ty: Any, shape: Any) -> None:
    sides = tuple(shape)
    if sides and all(type(side) is int for side in sides):
        self.element_ty, self.shape, self.numel = element_ty, sides, _sides(sides)
        self.name = f"<{sides}, {element_ty}>"
    else:
        _block_of(self, element_ty, shape)


def _operands(self: Any, lhs: Any, rhs: Any, *how: Any, **named: Any) -> Any:
    if isinstance(lhs, language.tensor) and isinstance(rhs, language.tensor):
        kind = lhs.dtype.name
        if kind in _OF_ONE_TYPE and kind == rhs.dtype.name:
            return _broadcast(self, lhs, rhs)
    return _operands_of_any_type(self, lhs, rhs, *how, **named)


def _broadcast(self: Any, lhs: Any, rhs: Any) -> Any:
    one, other = lhs.type, rhs.type
    if one.is_block():
        if other.is_block() and one.shape == other.shape:
            return lhs, rhs
    elif not other.is_block():
        return lhs, rhs
    return _broadcast_any(self, lhs, rhs)


def _sanitize(self: Any, lhs: Any, rhs: Any, operation: Any) -> None:
    width = lhs.dtype.int_bitwidth
    if width >= 64:
        return
    exact = _EXACT[operation.__name__](lhs.handle.data, rhs.handle.data, dtype=np.int64)
    fits = exact.min() >= lhs.dtype.get_int_min_value() and exact.max() <= lhs.dtype.get_int_max_value()
    assert fits, f"int{width} overflow in {operation.__name__}"


def _unwrap(value: Any) -> Any:
    return value if isinstance(value, language.tensor) else _unwrap_any(value)


_scalar = cache(interpreter._get_np_dtype)  # pointers have no hash


def _numpy_type(kind: Any) -> Any:
    kind = kind.scalar
    return _POINTER if kind.is_ptr() else _scalar(kind)


interpreter._patch_builtin = _patch_builtin
interpreter._patch_attr = _patch_attr
interpreter._patch_lang = _patch_lang
interpreter._get_np_dtype = _numpy_type
language.core.tensor.__init__ = _make_tensor
language.block_type.__init__ = _make_block
language.core._unwrap_if_constexpr = _unwrap
TritonSemantic.binary_op_type_checking_impl = _operands
TritonSemantic.broadcast_impl_value = _broadcast
TritonSemantic.binary_op_sanitize_overflow_impl = _sanitize
