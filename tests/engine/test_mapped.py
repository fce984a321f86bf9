"""Pages of a file of weights are let go where they are copied, and nothing else is."""

import sys
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file, save_file

from askcam.engine import mapped

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is Linux that tells of mappings")
SIZE = (2048, 2048)  # 16 MB in float32


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_file({"first": torch.randn(SIZE), "second": torch.randn(SIZE), "small": torch.randn(3)}, path)
    return path


def from_files() -> int:
    """Bytes of files' pages that are resident."""
    return int(psutil.Process().memory_info().shared)


def test_what_was_read_from_a_file_is_let_go_and_can_be_read_again(file: Path) -> None:
    weights = load_file(file)
    sums = {name: float(weight.double().sum()) for name, weight in weights.items()}  # touches every page
    before = from_files()
    gone = mapped.let_go([weights["first"]])
    assert 0.99 * weights["first"].nbytes < gone <= weights["first"].nbytes
    assert before - from_files() > 0.9 * gone
    assert {name: float(weight.double().sum()) for name, weight in weights.items()} == sums


@pytest.mark.parametrize("kind", ["made here", "copied", "turned", "little", "of another file"])
def test_what_is_no_files_stays(kind: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = load_file(file)
    if kind == "of another file":
        monkeypatch.setattr(mapped, "SUFFIX", ".bin")
    made = torch.randn(SIZE)
    made[1].fill_(2.0)
    given = {
        "made here": made,
        "copied": weights["first"].clone(),
        "turned": weights["first"].t(),
        "little": weights["small"],
        "of another file": weights["first"],
    }[kind]
    want = given.clone()
    assert mapped.let_go([given]) == 0
    assert torch.equal(given, want)


def test_where_mappings_are_not_told_nothing_goes(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mapped, "MAPS", tmp_path / "none")
    assert mapped.let_go([load_file(file)["first"]]) == 0


def test_of_several_those_go_that_are_a_files(file: Path) -> None:
    weights, made = load_file(file), torch.randn(SIZE)
    want = made.clone()
    gone = mapped.let_go([made, weights["first"], weights["small"], weights["second"]])
    assert 0.99 * 2 * made.nbytes < gone <= 2 * made.nbytes
    assert torch.equal(made, want)


def test_for_little_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[None] = []
    monkeypatch.setattr(mapped, "_of_files", lambda: looks.append(None) or [])
    mapped.let_go([torch.zeros(1000), torch.zeros(1000)])
    assert not looks
    mapped.let_go([torch.zeros(SIZE), torch.zeros(SIZE)])
    assert len(looks) == 1  # for all of them together
