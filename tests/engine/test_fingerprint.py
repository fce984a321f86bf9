"""Which model a folder holds."""

import os
from pathlib import Path

import pytest

from askcam.demo.builtin import model_path
from askcam.engine.fingerprint import commit_of, digest_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(os.urandom(3 << 20))
    (tmp_path / "README.md").write_text("hello")
    return tmp_path


def test_it_is_the_same_as_long_as_the_files_are(folder: Path, tmp_path: Path) -> None:
    before = digest_of(folder)
    assert len(before) == 64
    (folder / "README.md").write_text("something else")
    assert digest_of(folder) == before
    assert digest_of(model_path()) == digest_of(model_path()) != before


def test_other_settings_are_another_model(folder: Path) -> None:
    before = digest_of(folder)
    (folder / "generation_config.json").write_text('{"do_sample": true}')
    added = digest_of(folder)
    (folder / "generation_config.json").write_text('{"do_sample": None}')
    assert len({before, added, digest_of(folder)}) == 3


def test_other_weights_of_the_same_size_are_another_model(folder: Path) -> None:
    before = digest_of(folder)
    (folder / "model.safetensors").write_bytes(os.urandom(3 << 20))
    assert digest_of(folder) != before


def test_the_last_bytes_of_the_weights_count(folder: Path) -> None:
    before = digest_of(folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    assert digest_of(folder) != before


def test_the_hubs_cache_names_the_commit() -> None:
    commit = "895c3a49bc3fa70a340399125c650a463535e71c"
    assert commit_of(Path("hub/models--Qwen--Qwen2-VL-2B-Instruct/snapshots") / commit) == commit
    assert commit_of(model_path()) is None
