"""How much memory may still be taken, and that weights which need more are refused before they are read."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch
from support import compressed as quantized
from support.checkpoints import Change
from support.compressed import compressed

from askcam.engine import machine_memory
from askcam.engine.checkpoint import find
from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig
from askcam.engine.machine_memory import memory_left
from askcam.engine.open import open_engine
from askcam.engine.stored import UNPACKED, read_as, stored_bytes

LIMITED = """
import resource, sys
from askcam.engine.interface import EngineConfig
from askcam.engine.open import open_engine
import torch, psutil
most = psutil.Process().memory_info().vms + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (most, most))
try:
    open_engine(EngineConfig(sys.argv[1]))
except Exception as exc:
    print(type(exc).__name__, exc)
"""

FREED = """
import psutil, sys
from askcam.engine.machine_memory import give_back_memory
kept = []
for _ in range(5_000):
    kept += [bytearray(16_384), bytearray(1024)]
del kept[::2]  # what lies between stays, so nothing goes back by itself
before = psutil.Process().memory_info().rss
give_back_memory()
print(before - psutil.Process().memory_info().rss)
"""


def groups(folder: Path, files: dict[str, str]) -> None:
    for name, contents in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contents)


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of /sys/fs/cgroup; `own` in it says which groups this process is in."""
    monkeypatch.setattr(machine_memory, "CGROUPS", tmp_path / "fs")
    monkeypatch.setattr(machine_memory, "OWN", tmp_path / "own")
    return tmp_path


def test_the_control_group_bounds_it(cgroup: Path) -> None:
    """Version 2. What files' pages take is given back when it is wanted."""
    (cgroup / "own").write_text("0::/box\n")
    files = {"memory.max": "5000000\n", "memory.current": "3000000\n", "memory.stat": "anon 1\ninactive_file 1000000\n"}
    groups(cgroup / "fs/box", files)
    assert memory_left().num_bytes == 3_000_000
    assert "container or service" in memory_left().bound


def test_a_group_above_it_bounds_it(cgroup: Path) -> None:
    (cgroup / "own").write_text("0::/slice/box\n")
    groups(cgroup / "fs/slice", {"memory.max": "2000", "memory.current": "500"})
    groups(cgroup / "fs/slice/box", {"memory.max": "max", "memory.current": "400"})
    assert memory_left().num_bytes == 1500


def test_version_1_bounds_it(cgroup: Path) -> None:
    (cgroup / "own").write_text("3:cpu,cpuacct:/box\n2:memory:/box\n0::/\n")
    bounded = {
        "memory.limit_in_bytes": "9000",
        "memory.usage_in_bytes": "4000",
        "memory.stat": "total_inactive_file 10",
    }
    groups(cgroup / "fs/memory/box", bounded)
    unbounded = {"memory.limit_in_bytes": str((1 << 63) - 4096), "memory.usage_in_bytes": "4000"}
    groups(cgroup / "fs/memory", unbounded)
    assert memory_left().num_bytes == 5010


def test_without_groups_it_is_what_the_machine_has(cgroup: Path) -> None:
    assert 0 < memory_left().num_bytes <= psutil.virtual_memory().total


def test_more_in_use_than_allowed_is_nothing_left(cgroup: Path) -> None:
    (cgroup / "own").write_text("0::/box\n")
    groups(cgroup / "fs/box", {"memory.max": "1000", "memory.current": "3000"})
    assert memory_left().num_bytes == 0


@pytest.fixture
def huge(tiny_model: Callable[[str], Path], tmp_path: Path) -> str:
    """A model whose bfloat16 weights seem to take 400 GB: a file with a hole."""
    folder = Path(shutil.copytree(tiny_model("qwen2_vl"), tmp_path / "huge"))
    claim(folder, "BF16", 400 * 10**9)
    return str(folder)


NUM_QUANTIZED = 3 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 96 * 64)  # of a tiny language model's layers


def claim(folder: Path, dtype: str, num_bytes: int) -> None:
    header = json.dumps({"x": {"dtype": dtype, "shape": [num_bytes // 2], "data_offsets": [0, num_bytes]}}).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + num_bytes)


@pytest.mark.parametrize("dtype", ["auto", "bfloat16"])
def test_weights_that_do_not_fit_are_refused_before_they_are_read(huge: str, dtype: str) -> None:
    with pytest.raises(ModelError) as caught:
        open_engine(EngineConfig(huge, dtype=dtype, device="cpu"))
    assert "takes 420.20 GB in bfloat16, and " in str(caught.value)
    assert "use a smaller model, or end what else runs here" in str(caught.value)


def test_what_would_fit_in_bfloat16_is_told_so(tiny_model: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model("qwen2_vl"), tmp_path / "half"))
    claim(folder, "BF16", memory_left().num_bytes * 6 // 10 // 2 * 2)
    with pytest.raises(ModelError, match=r"try --dtype bfloat16, which takes \d+\.\d+ GB"):
        open_engine(EngineConfig(str(folder), dtype="float32", device="cpu"))
    found = find(EngineConfig(str(folder), device="cpu"), lambda what, share: None)
    assert found.dtype == torch.bfloat16
    assert re.match(r"bfloat16: float32 would take \d+\.\d+ GB, and \d+\.\d+ GB are left", found.why_dtype)


def test_the_process_own_limit_counts(tiny_model: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model("qwen2_vl"), tmp_path / "limited"))
    claim(folder, "F32", 2 * 10**9)
    argv = [sys.executable, "-c", LIMITED, str(folder), str(10**9)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, env=os.environ)
    assert done.stdout.startswith("ModelError"), done.stderr[-1000:]
    assert "takes 2.30 GB in float32" in done.stdout
    assert "left of its limit (ulimit -v)" in done.stdout


def test_what_is_stored_in_whole_numbers_keeps_its_size() -> None:
    """Quantized weights are not cast; floating ones are, whatever they were stored in."""
    assert read_as({"I32": 100, "U8": 10, "F16": 20, "F32": 40, "": 7}, 4) == 100 + 10 + 40 + 40 + 7
    assert read_as({"F32": 40, "BF16": 20}, 2) == 40
    assert read_as({"F32": 40, "I8": 3}, None) == 43


@pytest.mark.parametrize(
    "change",
    [
        compressed("pack-quantized", quantized.INT4),
        compressed("naive-quantized", quantized.INT8),
        compressed("naive-quantized", quantized.FLOAT8),
        quantized.fine_grained,
    ],
    ids=["int4", "int8", "float8", "fp8"],
)
def test_what_is_unpacked_when_it_is_read_is_counted_as_it_will_lie_in_memory(
    change: Change, tiny_model: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_model("qwen2_5_vl"), tmp_path / "quantized"))
    plain = stored_bytes(list(folder.glob("*.safetensors")))["F32"]
    change(folder)
    files = list(folder.glob("*.safetensors"))
    assert sum(stored_bytes(files).values()) < 0.95 * plain
    stored = stored_bytes(files, unpacks=True)
    assert stored[UNPACKED] == NUM_QUANTIZED
    assert read_as(stored, 4) == pytest.approx(plain, rel=0.03)  # scales are beside
    found = find(EngineConfig(str(folder), dtype="float32", device="cpu"), lambda what, share: None)
    assert found.weights_bytes == read_as(stored, 4)
    assert re.search(
        r"are quantized \((compressed-tensors|fp8)\) and unpacked when they are read: 0\.00 GB in", found.quantized
    )


def test_sizes_are_read_from_all_files(tiny_model: Callable[[str], Path]) -> None:
    folder: Path = tiny_model("qwen2_vl")
    files = list(folder.glob("*.safetensors"))
    whole = sum(file.stat().st_size for file in files)
    assert 0.9 * whole < stored_bytes(files)["F32"] < whole


@pytest.mark.skipif("glibc" not in platform.libc_ver(), reason="another C library")
def test_what_was_freed_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, timeout=60, check=True)
    assert int(done.stdout) > 5_000 * 16_384 / 2
