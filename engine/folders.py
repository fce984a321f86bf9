"""A model's folder and what must be in it. No torch."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askcam.engine.domain import Domain, read_domain
from askcam.engine.errors import ModelError
from askcam.engine.families.known import FAMILIES
from askcam.engine.families.spec import Grid
from askcam.engine.hub import cached, download
from askcam.engine.interface import Progress
from askcam.engine.trained import Trained, read_trained


@dataclass(frozen=True, slots=True)
class Card:
    """askcam.json, an optional file beside the weights: what this model can take that config.json can't say."""

    max_pairs: int | None = None  # longest clip that it was trained on
    grids: tuple[Grid, ...] = ()  # (rows, columns) of tokens that it was trained on; empty: any
    note: str = ""  # one line to show with its answers
    talks: bool = True  # it answers questions that nothing is shown with
    takes_facts: bool = True  # it can read facts in the question's turn; else they reach it as what tools say
    failed_call: str = ""  # the one error of a tool that it understands; "": whatever the error says
    trained: Trained | None = None  # what it was trained for; None: for anything
    domain: Domain | None = None  # what tells the pictures that it knows from others; None: it knows all


def find_model(model: str, progress: Progress) -> Path:
    """The folder with the model's files: itself, the hub's cache, or freshly downloaded. Raises ModelError."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists():
        raise ModelError(f"{model!r} is a file; give the folder that holds config.json and the weights")
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise ModelError(f"there is no folder {model!r}; give a model's folder or a hub id (Qwen/Qwen2-VL-2B-Instruct)")
    kept = cached(model)
    if kept is not None and _complete(kept):
        return kept
    return download(model, progress, check=lambda config: check_supported(_read_json(config, ""), model))


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
            note=str(data.get("note", "")),
            talks=bool(data.get("talks", True)),
            takes_facts=bool(data.get("takes_facts", True)),
            failed_call=str(data.get("failed_call", "")),
            trained=read_trained(data.get("trained")),
            domain=read_domain(data.get("domain")),
        )
    except KeyError as exc:
        raise ModelError(f"{path} is wrong: {exc} is missing") from exc
    except (TypeError, ValueError, AttributeError) as exc:
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
