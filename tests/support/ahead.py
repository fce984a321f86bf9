"""Triton's launches written down instead of made, and compiled for a GPU that is not there."""

import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

TYPES = {
    torch.bfloat16: "*bf16",
    torch.float16: "*fp16",
    torch.float32: "*fp32",
    torch.int32: "*i32",
}
OPTIONS = ("num_warps", "num_stages", "launch_pdl")
ALIGNED = [["tt.divisibility", 16]]
BIN = Path(triton.__file__).parent / "backends/nvidia/bin"


@dataclass(frozen=True, slots=True)
class Launch:
    """One kernel as it would be compiled: by the types of its arguments, what is known of them, and its constants."""

    kernel: Any  # triton's JITFunction
    types: tuple[str, ...]
    aligned: frozenset[int]  # arguments that are multiples of 16
    constants: tuple[tuple[int, Any], ...]
    options: tuple[tuple[str, Any], ...]

    @property
    def name(self) -> str:
        """With the constants that differ from launch to launch."""
        names = self.kernel.arg_names
        said = " ".join(f"{names[at]}={int(value)}" for at, value in self.constants if names[at] != "PDL")
        return f"{self.kernel.__name__} {said} warps={dict(self.options).get('num_warps')}"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a launch takes of a multiprocessor."""

    shared_bytes: int
    registers: int
    spilled_bytes: int  # of a thread's stack: where registers go that there is no room for
    text: str  # PTX


def compiles_for(capability: int) -> bool:
    """Whether Triton here has what assembles for such a GPU."""
    return (BIN / ("ptxas-blackwell" if capability >= 100 else "ptxas")).exists() and (BIN / "cuobjdump").exists()


def launches(monkeypatch: pytest.MonkeyPatch, run: Callable[[], Any]) -> set[Launch]:
    """Those that `run` would make, on tensors without memory."""
    found: set[Launch] = set()

    def note(kernel: Any, *args: Any, grid: Any, warmup: bool, **named: Any) -> None:
        options = tuple((name, named.pop(name)) for name in OPTIONS if name in named)
        found.add(_launch(kernel, dict(zip(kernel.arg_names, args, strict=False)) | named, options))

    with monkeypatch.context() as patch:
        patch.setattr(JITFunction, "run", note)
        run()
    return found


def _launch(kernel: Any, given: dict[str, Any], options: tuple[tuple[str, Any], ...]) -> Launch:
    types: list[str] = []
    aligned: set[int] = set()
    constants: list[tuple[int, Any]] = []
    for at, parameter in enumerate(kernel.params):
        value = given[parameter.name]
        if parameter.is_constexpr or (type(value) is int and value == 1 and not parameter.do_not_specialize):
            types.append("constexpr")
            constants.append((at, value))
        elif isinstance(value, torch.Tensor):
            types.append(TYPES[value.dtype])
            if value.storage_offset() * value.itemsize % 16 == 0:
                aligned.add(at)
        else:
            types.append("fp32" if isinstance(value, float) else "i32")
            if isinstance(value, int) and value % 16 == 0 and not parameter.do_not_specialize:
                aligned.add(at)
    return Launch(kernel, tuple(types), frozenset(aligned), tuple(constants), options)


@cache
def compiled(launch: Launch, capability: int) -> Compiled:
    """For a GPU of that compute capability (86). Raises what Triton or ptxas do."""
    signature = dict(zip(launch.kernel.arg_names, launch.types, strict=True))
    constants = {(at,): value for at, value in launch.constants}
    source = ASTSource(launch.kernel, signature, constants, {(at,): ALIGNED for at in launch.aligned})
    made = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=dict(launch.options))
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(made.asm["cubin"])
        file.flush()
        said = subprocess.run(
            [BIN / "cuobjdump", "-res-usage", file.name], capture_output=True, text=True, timeout=60, check=True
        ).stdout
    used = re.search(r"REG:(\d+) STACK:(\d+)", said)
    assert used is not None, said
    return Compiled(made.metadata.shared, int(used[1]), int(used[2]), made.asm["ptx"])
