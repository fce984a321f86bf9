"""[model] of askcam.toml, and of the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Literal

from msgspec import Meta

from askcam.engine.catalogue.catalogue import BUILT_IN, full_name
from askcam.engine.interface import EngineConfig, Positions, Power
from askcam.server.toml_file import Flags

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
    thinking: bool = False  # models that can think do so before they answer, unless a request says otherwise

    def __post_init__(self) -> None:
        """A short name is the hub id, or the built-in model, that it stands for. Raises ValueError for others."""
        if self.model is not None:
            full = full_name(self.model)
            object.__setattr__(self, "model", None if full == BUILT_IN else full)

    @classmethod
    def of_flags(cls, flags: Mapping[str, Any]) -> "ModelConfig":
        """Raises ConfigError for a wrong value."""
        return Flags({"model": flags}).section(("model",), cls)

    def engine(self, built_in: str, wanted_fps: float | None = None) -> EngineConfig:
        """`built_in`: the folder of the model to run when none is named. `wanted_fps`: frames a second, of all cameras
        together, that power "auto" is to hold; None: nothing is watched for long, so that it is full power."""
        values = {each.name: getattr(self, each.name) for each in fields(EngineConfig) if hasattr(self, each.name)}
        config = EngineConfig(**values | {"model": self.model or built_in})
        if wanted_fps is not None:
            return replace(config, wanted_fps=wanted_fps)
        return replace(config, power="full") if self.power == "auto" else config
