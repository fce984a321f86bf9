"""[model] of askcam.toml, and of the command line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Literal

from msgspec import Meta

from askcam.engine.catalogue.catalogue import BUILT_IN, full_name
from askcam.engine.interface import EngineConfig, Pictures, Positions, Power
from askcam.engine.remote.place import ServerPlace
from askcam.server.model import USUAL as USUAL_MODEL
from askcam.server.model_names import key_variable
from askcam.server.toml_file import Flags

# What says how a model is run here, and what says how one is asked that runs behind a server.
HERE_ONLY: tuple[str, ...] = ("backend", "device", "dtype", "attention", "positions", "kv_gb", "power")
THERE_ONLY: tuple[str, ...] = ("dialect", "family", "first_s", "tokenizer", "pictures")
Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """[model]; engine.interface.EngineConfig says what the fields mean."""

    model: str | None = None  # a folder, a hub id or a short name; None: the built-in one
    backend: Literal["auto", "live", "portable"] = "auto"
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    attention: str = "auto"
    positions: Positions = "trained"
    max_waiting: Positive = 32  # questions
    max_pairs: Annotated[int, Meta(ge=2)] | None = None
    min_pixels: Positive | None = None
    max_pixels: Positive | None = None
    threads: Positive | None = None
    kv_gb: Annotated[float, Meta(gt=0)] | None = None  # memory for windows and answers
    fresh_ms: Annotated[float, Meta(ge=0)] = 150.0
    max_answering: Positive = 32
    power: Power = "auto"  # "low": one window, fewer pixels, pairs only where something moves; "auto": where it must be
    url: str | None = None  # of a model server: the model runs there
    dialect: Literal["auto", "vllm", "sglang", "llamacpp", "ollama", "transformers", "openai"] = "openai"
    family: Literal["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5"] = "qwen2_vl"
    first_s: Annotated[float, Meta(gt=0, le=3600)] = 60.0
    tokenizer: str | None = None
    pictures: Pictures = "jpeg"  # "png": nothing is lost on the way, for five times the bytes
    thinking: bool = False  # models that can think do so before they answer, unless a request says otherwise

    def __post_init__(self) -> None:
        """A short name is the hub id, or the built-in model, that it stands for; behind a server, a model has the name
        that this gives it. Raises ValueError for others, and for what fits no model that runs there, or none here."""
        if self.url is not None:
            ServerPlace.of(self.url)
        wrong, why = HERE_ONLY, "runs here; with url it runs elsewhere: leave it out"
        if self.url is None:
            wrong, why = THERE_ONLY, "runs behind a server: name its url, or leave it out"
        for name in wrong:
            if (value := getattr(self, name)) != USUAL[name]:
                raise ValueError(f"{name} is {value!r}, which is for a model that {why}")
        if self.model is not None and self.url is None:
            full = full_name(self.model)
            object.__setattr__(self, "model", None if full == BUILT_IN else full)

    @classmethod
    def of_flags(cls, flags: Mapping[str, Any]) -> "ModelConfig":
        """Raises ConfigError for a wrong value."""
        return Flags({"model": flags}).section(("model",), cls)

    @property
    def name(self) -> str:
        """What the model is called until it is there."""
        return self.model or (BUILT_IN if self.url is None else ServerPlace.of(self.url).shown)

    def engine(
        self,
        built_in: str,
        wanted_fps: float | None = None,
        env: Mapping[str, str] = os.environ,
        called: str = USUAL_MODEL,
    ) -> EngineConfig:
        """`built_in`: the folder of the model to run when none is named. `wanted_fps`: frames a second, of all cameras
        together, that power "auto" is to hold; None: nothing is watched for long, so that it is full power. `env`: has
        the key of a model server, by what the model is `called`."""
        values = {each.name: getattr(self, each.name) for each in fields(EngineConfig) if hasattr(self, each.name)}
        if self.url is not None:
            key = key_variable(called)
            there = {"model": self.model or "", "power": "full", "key": env.get(key) or None, "key_name": key}
            return EngineConfig(**values | there)
        config = EngineConfig(**values | {"model": self.model or built_in})
        if wanted_fps is not None:
            return replace(config, wanted_fps=wanted_fps)
        return replace(config, power="full") if self.power == "auto" else config


USUAL = {each.name: each.default for each in fields(ModelConfig)}
