"""Where a model's files are: a folder, or a hub id that is downloaded into the hub's cache. No torch."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askcam.engine.door import Progress
from askcam.engine.errors import ModelError
from askcam.engine.families.known import FAMILIES
from askcam.engine.families.spec import Grid

NEEDED = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"]


@dataclass(frozen=True, slots=True)
class Card:
    """askcam.json, an optional file beside the weights: what this model can take that config.json can't say."""

    max_pairs: int | None = None  # longest clip that it was trained on
    grids: tuple[Grid, ...] = ()  # (rows, columns) of tokens that it was trained on; empty: any
    stills_as_clips: bool = False  # it was trained on clips only
    note: str = ""  # one line to show with its answers


def find_model(model: str, progress: Progress) -> Path:
    """The folder with the model's files, downloaded if need be. Raises ModelError."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists():
        raise ModelError(f"{model!r} is a file; give the folder that holds config.json and the weights")
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise ModelError(f"there is no folder {model!r}; give a model's folder or a hub id (Qwen/Qwen2-VL-2B-Instruct)")
    return _download(model, progress)


def read_config(folder: Path, model: str) -> dict[str, Any]:
    """config.json of a supported model whose weights are all there. Raises ModelError."""
    config = _read_json(folder / "config.json", f"{model!r} is no model folder: it has no config.json")
    check_supported(config, model)
    index = folder / "model.safetensors.index.json"
    if index.exists():
        shards = set(_read_json(index, "").get("weight_map", {}).values())
        missing = sorted(shard for shard in shards if not (folder / shard).is_file())
        if missing or not shards:
            raise ModelError(
                f"model folder {model!r} lacks {', '.join(missing) or 'all weights'}; download it again or copy them in"
            )
    elif not any(folder.glob("*.safetensors")) and not any(folder.glob("pytorch_model*.bin")):
        raise ModelError(f"model folder {model!r} has no weights (no *.safetensors); download it again or copy them in")
    return config


def check_supported(config: dict[str, Any], model: str) -> None:
    """Raises ModelError naming what can be run."""
    kind = config.get("model_type")
    if kind not in FAMILIES:
        raise ModelError(f"{model!r} is a {kind or 'nameless'} model; supported are {', '.join(FAMILIES)}")


def read_card(folder: Path) -> Card:
    """askcam.json, if it is there. Raises ModelError when it is broken."""
    path = folder / "askcam.json"
    if not path.exists():
        return Card()
    data = _read_json(path, "")
    try:
        max_pairs = data.get("max_pairs")
        card = Card(
            max_pairs=None if max_pairs is None else int(max_pairs),
            grids=tuple((int(rows), int(columns)) for rows, columns in data.get("grids", ())),
            stills_as_clips=bool(data.get("stills_as_clips", False)),
            note=str(data.get("note", "")),
        )
    except (TypeError, ValueError) as exc:
        raise ModelError(f"{path} is wrong: {exc}; want max_pairs: number, grids: [[rows, columns], ...]") from exc
    if card.max_pairs is not None and card.max_pairs < 2:
        raise ModelError(f"{path} is wrong: max_pairs is {card.max_pairs}, want 2 or more")
    return card


def _read_json(path: Path, missing: str) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ModelError(missing) from exc
    except (OSError, ValueError) as exc:
        raise ModelError(f"cannot read {path}: {exc}") from exc
    if not isinstance(data, dict):
        raise ModelError(f"cannot read {path}: it holds no object")
    return data


def _download(model: str, progress: Progress) -> Path:
    """config.json first, so that an unsupported model costs no gigabytes; then the rest, with a bar."""
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    offline = f"cannot fetch {model!r}: connect to the internet, or give --model the folder of a model you have"
    try:
        config = Path(hf_hub_download(model, "config.json"))
        check_supported(_read_json(config, ""), model)
        return Path(
            snapshot_download(model, allow_patterns=NEEDED, tqdm_class=bar_class(progress, f"fetching {model}"))
        )
    except LocalEntryNotFoundError as exc:
        raise ModelError(offline) from exc
    except HFValidationError as exc:
        raise ModelError(f"{model!r} is neither a folder here nor a hub id (Qwen/Qwen2-VL-2B-Instruct)") from exc
    except HfHubHTTPError as exc:
        status = getattr(exc.response, "status_code", None)
        if status in (401, 403, 404):
            raise ModelError(
                f"the hub has no {model!r} that may be read; check the name, or log in with `hf auth login`"
            ) from exc
        raise ModelError(f"{offline} (the hub answered {status})") from exc
    except OSError as exc:  # no network, no disk space, offline mode
        raise ModelError(f"{offline} ({exc})") from exc


def bar_class(progress: Progress, what: str) -> type[Any]:
    """A tqdm class that tells `progress` instead of drawing."""
    from tqdm.std import tqdm  # type: ignore[import-untyped, unused-ignore]

    class Bar(tqdm):  # type: ignore[misc, unused-ignore]
        monitor_interval = 0  # no thread that wakes sleeping bars

        def display(self, *args: Any, **kwargs: Any) -> None:
            if self.total:
                progress(what, min(1.0, self.n / self.total))

        def close(self) -> None:
            self.disable = True  # nothing was drawn, so there is nothing to tidy

    return Bar


@contextmanager
def weights_bar(progress: Progress) -> Iterator[None]:
    """While weights load, transformers' own bar goes to `progress`."""
    from transformers.utils import logging

    set_hook = getattr(logging, "set_tqdm_hook", None)
    if set_hook is None:
        yield
        return
    bar = bar_class(progress, "loading weights")
    before = set_hook(lambda factory, args, kwargs: bar(*args, **kwargs))
    try:
        yield
    finally:
        set_hook(before)
