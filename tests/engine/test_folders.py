"""Finding a model's files, and saying in one line what is wrong with them."""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
from support.hub import Hub, serving_hub
from tqdm.std import tqdm

from askcam.engine.bars import bar_class
from askcam.engine.card import Card, read_card
from askcam.engine.checkpoint import load
from askcam.engine.errors import ModelError
from askcam.engine.folders import find_model, read_config
from askcam.engine.interface import EngineConfig
from askcam.engine.open import open_engine


def quiet(what: str, share: float) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def copy(tiny_model: Callable[[str], Path], tmp_path: Path) -> Path:
    """A model folder that a test may break."""
    return Path(shutil.copytree(tiny_model("qwen2_vl"), tmp_path / "copy"))


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_folder_is_itself(copy: Path) -> None:
    assert find_model(str(copy), quiet) == copy
    assert read_config(copy, "copy")["model_type"] == "qwen2_vl"


@pytest.mark.parametrize("model", ["./nowhere", "/no/such/folder", "~/no-such-model", "a/b/c", "nonsense"])
def test_a_folder_that_is_not_there_is_named(model: str) -> None:
    with pytest.raises(ModelError, match=f"there is no folder '{model}'; give a model's folder, a hub id"):
        open_engine(EngineConfig(model))


def test_a_file_is_no_folder(copy: Path) -> None:
    with pytest.raises(ModelError, match=r"is a file; give the folder that holds config.json"):
        open_engine(EngineConfig(str(copy / "config.json")))


def test_a_folder_without_config(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is no model folder: it has no config.json"):
        open_engine(EngineConfig(str(tmp_path)))


def test_a_broken_config(copy: Path) -> None:
    (copy / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"cannot read .*config.json: "):
        open_engine(EngineConfig(str(copy)))


def test_another_kind_of_model_is_told_what_is_supported(copy: Path) -> None:
    edit(copy / "config.json", model_type="llama")
    with pytest.raises(ModelError, match="is a llama model; supported are qwen2_vl, qwen2_5_vl, qwen3_vl, qwen3_5"):
        open_engine(EngineConfig(str(copy)))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("qwen3_5_moe", "is a qwen3_5_moe model, a mixture of experts, and these are not supported; supported are"),
        ("qwen3_vl_moe", "is a qwen3_vl_moe model, a mixture of experts"),
        ("qwen4_exp", "is a qwen4_exp model; supported are qwen2_vl"),
    ],
)
def test_a_relative_of_what_is_supported_is_named(copy: Path, kind: str, said: str) -> None:
    edit(copy / "config.json", model_type=kind)
    with pytest.raises(ModelError, match=said):
        open_engine(EngineConfig(str(copy)))


def test_a_folder_without_weights(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="has no weights"):
        open_engine(EngineConfig(str(copy)))


def test_a_missing_shard_is_named(copy: Path, builtin: Path) -> None:
    shutil.copy(builtin / "model.safetensors.index.json", copy)
    with pytest.raises(ModelError, match=r"lacks model-00001-of-00003.safetensors, model-00002"):
        open_engine(EngineConfig(str(copy)))


def test_damaged_weights(copy: Path) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"cannot load .*, are its files damaged\?"):
        open_engine(EngineConfig(str(copy)))


def test_weights_of_another_model(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    text = {**config["text_config"], "num_hidden_layers": 5, "layer_types": ["full_attention"] * 5}
    edit(copy / "config.json", text_config=text)
    with pytest.raises(ModelError, match=r"lack \d+ tensors, model.language_model.layers.3"):
        open_engine(EngineConfig(str(copy)))


def test_a_config_that_contradicts_itself(copy: Path) -> None:
    edit(copy / "config.json", text_config={"num_hidden_layers": "many"})
    with pytest.raises(ModelError, match=r"cannot load .*, are its files damaged\?|cannot read the tokenizer"):
        open_engine(EngineConfig(str(copy)))


def test_a_missing_tokenizer(copy: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"):
        (copy / name).unlink()
    with pytest.raises(ModelError, match=r"the tokenizer files of .* are missing or another model's"):
        open_engine(EngineConfig(str(copy)))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"device": "cuda:7"}, "there is no device 'cuda:7': torch sees"),
        ({"device": "abacus"}, "there is no device 'abacus'; want auto, cpu"),
        ({"dtype": "int3"}, "there is no dtype 'int3'; want auto, float32"),
        ({"max_pairs": 1}, "a window needs at least 2 pairs, not 1"),
        ({"max_pixels": 100}, "max_pixels 100"),
    ],
)
def test_impossible_settings(copy: Path, config: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        open_engine(EngineConfig(str(copy), **config))


def test_a_window_longer_than_the_model_was_trained_on(builtin: Path) -> None:
    with pytest.raises(ModelError, match="was trained on at most 8 pairs, not on 9"):
        open_engine(EngineConfig(str(builtin), max_pairs=9))


def test_settings_shape_the_frames(copy: Path) -> None:
    loaded = load(EngineConfig(str(copy), max_pairs=4, max_pixels=30000), quiet)
    fit = loaded.spec.fit_frame(640, 480)
    assert fit.width * fit.height <= 30000
    assert loaded.info.max_pairs == 4
    assert loaded.info.id == "copy"


def test_the_card_beside_the_weights(copy: Path) -> None:
    assert read_card(copy) == Card()
    (copy / "askcam.json").write_text('{"max_pairs": 6, "grids": [[2, 3]], "note": "a toy"}')
    assert read_card(copy) == Card(6, ((2, 3),), "a toy")
    loaded = load(EngineConfig(str(copy)), quiet)
    assert (loaded.info.max_pairs, loaded.info.note, loaded.spec.grids) == (6, "a toy", ((2, 3),))


@pytest.mark.parametrize("text", ['{"max_pairs": "many"}', '{"grids": [[1, 2, 3]]}', '{"max_pairs": 1}', "[]", "{"])
def test_a_broken_card(copy: Path, text: str) -> None:
    (copy / "askcam.json").write_text(text)
    with pytest.raises(ModelError, match=r"askcam.json"):
        open_engine(EngineConfig(str(copy)))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub on this machine that has no models at all, and an empty cache."""
    with serving_hub({}) as served:
        template = served.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", served.address)
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield served


def test_an_unknown_hub_id(hub: Hub) -> None:
    with pytest.raises(ModelError, match=r"the hub has no 'nobody/nothing' that may be read; check the name"):
        find_model("nobody/nothing", quiet)


def test_an_unreachable_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = socket.socket()  # bound, but not listening: connections are refused
    deaf.bind(("127.0.0.1", 0))
    nowhere = f"http://127.0.0.1:{deaf.getsockname()[1]}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", nowhere)
    monkeypatch.setattr(
        huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", nowhere + "/{repo_id}/resolve/{revision}/{filename}"
    )
    with pytest.raises(ModelError, match=r"cannot fetch 'nobody/nothing': connect to the internet, or give --model"):
        find_model("nobody/nothing", quiet)
    deaf.close()


def test_a_model_that_was_fetched_once_needs_no_network(hub: Hub, tiny_model: Callable[[str], Path]) -> None:
    kept = Path(huggingface_hub.constants.HF_HUB_CACHE) / "models--nobody--tiny"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text("0" * 40)
    shutil.copytree(tiny_model("qwen2_vl"), kept / "snapshots" / ("0" * 40))
    assert find_model("nobody/tiny", quiet) == kept / "snapshots" / ("0" * 40)
    (kept / "snapshots" / ("0" * 40) / "model.safetensors").unlink()  # what is missing can't be fetched here
    with pytest.raises(ModelError, match=r"the hub has no 'nobody/tiny' that may be read"):
        open_engine(EngineConfig("nobody/tiny"))


def test_a_hub_id_that_is_none() -> None:
    with pytest.raises(ModelError, match="is neither a folder here nor a hub id"):
        find_model("no body/--", quiet)


def test_bars_tell_their_share_and_draw_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[str, float]] = []
    bar = bar_class(lambda what, share: told.append((what, share)), "counting")
    assert issubclass(bar, tqdm)
    assert list(bar(range(4), mininterval=0)) == [0, 1, 2, 3]
    assert told[0] == ("counting", 0.0)
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert capsys.readouterr() == ("", "")
