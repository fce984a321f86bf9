"""Short names: which there are, what they stand for, and which are nearest to one that there is not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from askcam.engine.catalogue.catalogue import BUILT_IN, catalogue, full_name, known_model, nearest


def test_every_model_is_named_by_its_family_and_size_and_has_a_place_on_the_hub() -> None:
    for model in catalogue().values():
        if model.name != BUILT_IN:
            assert re.fullmatch(r"qwen[0-9.]+(-vl)?:[0-9.]+b", model.name)
            assert re.fullmatch(r"Qwen/Qwen[0-9.]+(-VL)?-[0-9.]+B(-Instruct)?", model.hub_id)
            assert model.hub_id.lower().removeprefix("qwen/").startswith(model.name.replace(":", "-"))
        assert set(model.good_at) == {"en", "zh"}


def test_who_may_use_it_is_said_where_not_everybody_may() -> None:
    assert "no commercial use" in catalogue()["qwen2.5-vl:3b"].licence
    assert {each.licence for each in catalogue().values() if each.name != "qwen2.5-vl:3b"} == {"Apache-2.0"}


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("qwen3-vl:2b", "Qwen/Qwen3-VL-2B-Instruct"),
        ("QWEN3-VL:2B", "Qwen/Qwen3-VL-2B-Instruct"),
        ("built-in", BUILT_IN),
        ("Qwen/Qwen3-VL-2B-Instruct", "Qwen/Qwen3-VL-2B-Instruct"),
        ("nobody/nothing", "nobody/nothing"),
        ("./folder", "./folder"),
        ("nonsense", "nonsense"),
    ],
)
def test_what_a_name_stands_for(given: str, full: str) -> None:
    assert full_name(given) == full


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("qwen3-vl:3b", "did you mean qwen3-vl:2b, qwen3-vl:4b or qwen3-vl:8b?"),
        ("qwen2-vl:1b", "did you mean qwen2-vl:2b or qwen2-vl:7b?"),
        ("qwen3vl:8b", "qwen3-vl:8b"),
        ("llava:13b", "`askcam models` lists the short names"),
    ],
)
def test_a_short_name_that_nothing_has(given: str, meant: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"there is no model {given!r}; ")) as caught:
        full_name(given)
    assert meant in str(caught.value)


def test_a_folder_of_that_name_goes_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("qwen3-vl:2b", "mine:1"):
        (tmp_path / name).mkdir()
        assert full_name(name) == name


def test_a_family_alone_is_answered_with_its_sizes() -> None:
    assert nearest("qwen2.5-vl") == "did you mean qwen2.5-vl:3b or qwen2.5-vl:7b?"


def test_a_model_is_known_by_either_name() -> None:
    assert known_model("Qwen/Qwen2-VL-2B-Instruct") is known_model("qwen2-vl:2b")
    assert known_model("nobody/nothing") is None


def test_the_list_is_read_without_torch() -> None:
    read = "from askcam.engine.catalogue.catalogue import catalogue; catalogue()"
    looked = f"import sys; {read}; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True).stdout == "False\n"
