"""The models that have short names: what they are called on the hub, and the shapes by which they are reckoned with.

models.toml is the list. No torch, no network: whether a model runs here is families/known.py's to say.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from askcam.engine.families.grids import smart_resize
from askcam.engine.families.known import FAMILIES
from askcam.engine.families.spec import LIVE_TOKENS, MAX_PAIRS

LIST = Path(__file__).with_name("models.toml")
BUILT_IN = "built-in"
USUAL_PICTURE = (480, 640)  # (height, width) of a camera that is reckoned with
SHORT = re.compile(r"[a-z0-9][a-z0-9.-]*:[a-z0-9.]+", re.IGNORECASE)
NEAREST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueModel:
    """One model of the list. Parameters are those that are read into memory, all of them in 16 bits on the hub."""

    name: str  # "qwen3.5:0.8b"
    hub_id: str  # "" for the built-in one, which is never fetched
    licence: str
    family: str  # model_type of its config.json
    good_at: Mapping[str, str]  # one line, by language
    parameters: int
    layer_parameters: int  # of the language model's layers: without embeddings and head
    vision_parameters: int
    hidden: int
    layers: int  # of the language model
    attention_layers: int  # ... that keep keys and values; the others keep states
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    vision_layers: int
    vision_width: int
    factor: int  # pixels of a side of one token
    state_heads: tuple[int, int] | None = None  # (keys, values) of a layer that keeps states
    max_pairs: int = MAX_PAIRS
    frame_tokens: int = LIVE_TOKENS  # of the largest frame
    usual_tokens: int | None = None  # of a frame of USUAL_PICTURE; None: by the rule of Qwen's processors

    @property
    def supported(self) -> bool:
        return self.family in FAMILIES

    @property
    def stamped_pairs(self) -> bool:
        return self.family in ("qwen3_vl", "qwen3_5")

    @property
    def pair_tokens(self) -> int:
        """Of a pair of frames of USUAL_PICTURE."""
        if self.usual_tokens is not None:
            return self.usual_tokens
        side = self.factor**2
        height, width = smart_resize(*USUAL_PICTURE, self.factor, 4 * side, self.frame_tokens * side)
        return height * width // side


@cache
def catalogue() -> Mapping[str, CatalogueModel]:
    """All of them by their names, in the order of the list."""
    import msgspec  # the engine alone, as a benchmark takes it, runs without it

    read = msgspec.convert(tomllib.loads(LIST.read_text("utf-8"))["model"], list[CatalogueModel], strict=False)
    return {each.name: each for each in read}


def known_model(model: str) -> CatalogueModel | None:
    """The one that is called so, here or on the hub."""
    return next((each for each in catalogue().values() if model.lower() in (each.name, each.hub_id.lower())), None)


def full_name(model: str) -> str:
    """What a short name stands for: a hub id, or BUILT_IN; whatever else is given, a folder or a hub id, is itself.

    Raises ValueError for a short name that nothing has, with those that are nearest.
    """
    found = catalogue().get(model.lower())
    if found is not None and not Path(model).is_dir():
        return found.hub_id or BUILT_IN
    if SHORT.fullmatch(model) and not Path(model).exists():
        raise ValueError(f"there is no model {model!r}; {nearest(model) or '`askcam models` lists the short names'}")
    return model


def nearest(model: str) -> str:
    """The short names that are most like it, as a question; "" where none is."""
    wanted = model.lower()
    of_family = [name for name in catalogue() if name.partition(":")[0] == wanted.partition(":")[0]]
    close = of_family or difflib.get_close_matches(wanted, [*catalogue()], NEAREST, cutoff=0.6)
    return f"did you mean {_either(close)}?" if close else ""


def nearest_hub_id(model: str) -> str:
    """The hub ids that are most like it, to stand behind "check the name"; "" where none is."""
    known = [each.hub_id for each in catalogue().values() if each.hub_id]
    close = difflib.get_close_matches(model, known, NEAREST, cutoff=0.8)
    return f" ({_either(close)}?)" if close else ""


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
