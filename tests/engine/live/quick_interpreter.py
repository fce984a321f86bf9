"""Triton's interpreter looks through all of triton.language at every call of a function to patch what the launch around
it has patched already: a third of its time. Loaded (`-p quick_interpreter`), each launch patches once."""

from functools import cache
from typing import Any

from triton import language
from triton.language.core import is_builtin
from triton.runtime import interpreter

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


interpreter._patch_builtin = _patch_builtin
interpreter._patch_lang = _patch_lang
