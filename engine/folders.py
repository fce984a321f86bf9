"""A model's folder and what must be in it. No torch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from askcam.engine.card import read_json
from askcam.engine.catalogue.catalogue import nearest
from askcam.engine.errors import ModelError
from askcam.engine.families.known import FAMILIES
from askcam.engine.fetching.fetch import Fetched, cached, fetch
from askcam.engine.interface import Progress


def find_model(model: str, progress: Progress) -> Path:
    """The folder with the model's files: itself, the hub's cache, or freshly downloaded. Raises ModelError."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists():
        raise ModelError(f"{model!r} is a file; give the folder that holds config.json and the weights")
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        help_ = "a hub id (Qwen/Qwen3.5-0.8B) or a short name (qwen3.5:0.8b, see `askcam models`)"
        raise ModelError(f"there is no folder {model!r}; give a model's folder, {help_}{_meant(model)}")
    return kept_model(model) or fetch(model, progress, _check_of(model)).folder


def kept_model(model: str) -> Path | None:
    """The folder of a hub id that was fetched before, if nothing is missing in it. Raises ModelError for no hub id."""
    kept = cached(model)
    return kept if kept is not None and _complete(kept) else None


def pull_model(model: str, progress: Progress) -> Fetched:
    """Fetch what is missing, damaged or newer on the hub. Raises ModelError."""
    return fetch(model, progress, _check_of(model), anew=True)


def _check_of(model: str) -> Callable[[Path], None]:
    """Refuses, by its config.json, a model that cannot be run."""
    return lambda config: check_supported(read_json(config, ""), model)


def _meant(model: str) -> str:
    near = nearest(model)
    return f"; {near}" if near else ""


def read_config(folder: Path, model: str) -> dict[str, Any]:
    """config.json of a supported model whose weights are all there. Raises ModelError."""
    config = read_json(folder / "config.json", _no_model(folder, model))
    check_supported(config, model)
    index = folder / "model.safetensors.index.json"
    if index.exists():
        shards = set(read_json(index, "").get("weight_map", {}).values())
        missing = sorted(shard for shard in shards if not (folder / shard).is_file())
        if missing or not shards:
            raise ModelError(
                f"model folder {model!r} lacks {', '.join(missing) or 'all weights'}; download it again or copy them in"
            )
    elif not weight_files(folder):
        raise ModelError(f"model folder {model!r} has no weights (no *.safetensors); download it again or copy them in")
    return config


def weight_files(folder: Path) -> list[Path]:
    """The files that the weights are read from."""
    return list(folder.glob("*.safetensors")) or list(folder.glob("pytorch_model*.bin"))


def _complete(folder: Path) -> bool:
    """Whether nothing is missing, so that a model that was fetched once needs no network."""
    try:
        read_config(folder, "")
    except ModelError:
        return False
    return True


def check_supported(config: dict[str, Any], model: str) -> None:
    """Raises ModelError naming what can be run."""
    kind = config.get("model_type")
    if kind in FAMILIES:
        return
    sees = any(name in config for name in ("vision_config", "visual", "vision_tower", "mm_vision_tower"))
    why = "" if sees or not kind else ", which sees no pictures"
    if str(kind).endswith("_moe"):
        why = ", a mixture of experts, and these are not supported"
    raise ModelError(f"{model!r} is a {kind or 'nameless'} model{why}; supported are {', '.join(FAMILIES)}")


def _no_model(folder: Path, model: str) -> str:
    """What a folder without config.json is instead, and the remedy."""
    if (folder / "adapter_config.json").is_file():
        base = _base_of(folder / "adapter_config.json")
        return (
            f"{model!r} is a LoRA adapter{f' of {base}' if base else ''}, not a whole model: merge it "
            "(peft: model.merge_and_unload().save_pretrained(FOLDER), and the processor, too) and give that folder"
        )
    if any(folder.glob("*.gguf")):
        return (
            f"{model!r} holds GGUF files, which are llama.cpp's: take the model that they were made of, "
            "with its config.json and *.safetensors"
        )
    if any(folder.glob("*/config.json")):
        inner = sorted(path.parent.name for path in folder.glob("*/config.json"))
        return f"{model!r} is no model folder, but {', '.join(inner[:3])} in it may be: it has no config.json"
    return f"{model!r} is no model folder: it has no config.json"


def _base_of(adapter: Path) -> str:
    try:
        return str(read_json(adapter, "").get("base_model_name_or_path") or "")
    except ModelError:
        return ""
