"""What a feature is: something that askcam does besides answering, in a folder of its own under features/.

It is plugged in at one place (app/features.py). All else meets it by what stands here.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # the command line reads this file, and is to be quick
    from pathlib import Path

    import typer

    from askcam.server.camera_use import CameraUse
    from askcam.server.core import Core
    from askcam.server.model_config import ModelConfig
    from askcam.server.running import Running
    from askcam.server.toml_file import Toml
    from askcam.server.wire.endpoint import FrontPart
    from askcam.stream.status import CameraConfig


@dataclass(frozen=True, slots=True)
class Section:
    """One of askcam.toml. `read` is given the file (an empty one where there is none) and the environment (None: there
    is no user whose folders could be used); `usual` is what nobody's file says. `check` is given the value and the
    cameras, each with the names of its zones, before a server begins. Both raise ConfigError. `secrets`: what of it
    must not be shown, by place."""

    read: Callable[["Toml", Mapping[str, str] | None], Any]
    usual: Callable[[], Any]
    check: Callable[[Any, Mapping[str, Collection[str]]], None] = lambda value, cameras: None
    secrets: Callable[[Any], Iterable[tuple[str, Iterable[str]]]] = lambda value: ()
    models: "Callable[[Any], Iterable[ModelUse]]" = lambda value: ()
    """Which models it names, and for which cameras."""
    flags: Callable[[Any, Mapping[str, Any]], Any] = lambda value, flags: value
    """The value with what the command line says of it. Raises ConfigError."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """That something in a section names a model."""

    place: str  # "[watches.door]"
    model: str
    cameras: tuple[str, ...]  # which it is to see


@dataclass(frozen=True, slots=True)
class Limit:
    """A key under [limits]."""

    kind: Any
    usual: Any


@dataclass(frozen=True, slots=True)
class ReadCamera:
    """What a table like those under [cameras] says."""

    uri: str = field(repr=False)  # it may hold a password
    config: "CameraConfig"
    use: "CameraUse"


ReadsCamera = Callable[[str, Mapping[str, Any]], ReadCamera]
"""Reads a table as those under [cameras.NAME] are, of a camera that comes while the server runs. Raises ConfigError."""


def reads_none(name: str, table: Mapping[str, Any]) -> ReadCamera:
    """Where no camera comes."""
    raise AssertionError("nothing here reads cameras")


@dataclass(frozen=True, slots=True)
class Given:
    """What a feature is told by the config."""

    sections: Mapping[str, Any]  # its own, by name
    cameras: Mapping[str, Mapping[str, Any]]  # by camera: which of its options stand there
    limits: Mapping[str, Any]  # its own, by name
    model: "ModelConfig"  # of [model]
    models: "Mapping[str, ModelConfig]" = field(default_factory=dict)  # [models.NAME]
    read_camera: ReadsCamera = reads_none
    tokens: Collection[str] = ()  # names of [tokens.NAME]
    tokens_folder: "Path | None" = None  # of [server]: where tokens are that are made while it runs


class ConfigView(Protocol):
    """askcam.toml, as far as commands of features need it."""

    @property
    def model(self) -> "ModelConfig": ...

    @property
    def models(self) -> "Mapping[str, ModelConfig]":
        """[models.NAME]."""

    @property
    def sections(self) -> Mapping[str, Any]:
        """Features' own, by name."""

    @property
    def tokens(self) -> Mapping[str, Any]:
        """[tokens.NAME]."""

    @property
    def tokens_folder(self) -> "Path | None":
        """Of [server]: where tokens are that are made while a server runs."""


@dataclass(frozen=True, slots=True)
class Program:
    """The command line, to which a feature may add."""

    app: "typer.Typer"
    built_in: str  # the folder of the model to run where none is named
    config: "Callable[[Path | None, Mapping[str, Any]], ConfigView]"
    """What a file (None: none) says, and flags of [model] on top; leaves with 2 for what is wrong there."""
    groups: "dict[str, typer.Typer]" = field(default_factory=dict)  # commands that have commands of their own

    def group(self, name: str, help: str) -> "typer.Typer":
        """Those of `askcam NAME`, to which several features may add; made if there are none yet."""
        import typer

        if name not in self.groups:
            self.groups[name] = typer.Typer(help=help, no_args_is_help=True)
            self.app.add_typer(self.groups[name], name=name)
        return self.groups[name]


@dataclass(frozen=True, slots=True)
class Feature:
    """`build` is called once per server, after that of every feature that it needs."""

    name: str  # of its folder
    sections: Mapping[str, Section] = field(default_factory=dict)
    camera_options: Mapping[str, Any] = field(default_factory=dict)  # keys under [cameras.NAME], and their types
    camera_tools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By option: what the questions of a camera with it may call beside [tools] cameras."""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    build: "Callable[[Core, Given, Mapping[str, Running]], Running] | None" = None
    at_front: "Callable[[], FrontPart] | None" = None
    """What it brings to a front; called once, of each front."""
    commands: Callable[[Program], None] | None = None
    needs: tuple[str, ...] = ()
