"""What a model's folder says of the model beside config.json: askcam.json, its card. No torch."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askcam.engine.domain import Domain, read_domain
from askcam.engine.errors import ModelError
from askcam.engine.families.spec import Grid
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


def read_card(folder: Path) -> Card:
    """askcam.json, if it is there. Raises ModelError when it is broken."""
    path = folder / "askcam.json"
    if not path.exists():
        return Card()
    data = read_json(path, "")
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


def read_json(path: Path, missing: str) -> dict[str, Any]:
    """The object that a file holds. Raises ModelError; `missing` is its text where there is no file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ModelError(missing) from exc
    except (OSError, ValueError) as exc:
        raise ModelError(f"cannot read {path}: {exc}") from exc
    if not isinstance(data, dict):
        raise ModelError(f"cannot read {path}: it holds no object")
    return data
