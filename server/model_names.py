"""What models may be called beside the usual one ([models.NAME]), and where their keys come from. Pure."""

import re
from collections.abc import Collection, Iterable

from askcam.engine.remote.place import KEY
from askcam.server.camera_names import PUSHED
from askcam.server.given_names import quoted
from askcam.server.model import USUAL

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
TAKEN = {USUAL: "the model of [model]", "all": "all cameras together"}  # what else is asked by such a name


def check_model_names(names: Iterable[str], cameras: Collection[str]) -> None:
    """Raises ValueError for one that cannot be a model's, naming it and the remedy."""
    keys: dict[str, str] = {}
    for name in names:
        if not NAME.fullmatch(name):
            lower = f"; write {name.lower()!r}" if NAME.fullmatch(name.lower()) else ""
            raise ValueError(f"{quoted(name)} cannot be a model's name: use up to 63 of a-z, 0-9, '-', '_'{lower}")
        if name in TAKEN:
            raise ValueError(f"{name!r} is asked for {TAKEN[name]}: call the model otherwise")
        if name.startswith(PUSHED.rstrip("-")):
            raise ValueError(f"{name!r} begins as pushed cameras do: call the model otherwise")
        if name in cameras:
            raise ValueError(f"{name!r} is the name of a camera, too: call one of them otherwise")
        if (other := keys.setdefault(key_variable(name), name)) != name:
            raise ValueError(f"{name!r} and {other!r} would both take their key from {key_variable(name)}: rename one")


def key_variable(called: str) -> str:
    """The variable of the environment that has the key of a model's server. Each has its own, so that none is sent to
    another one's."""
    return KEY if called == USUAL else f"{KEY}_{called.upper().replace('-', '_')}"
