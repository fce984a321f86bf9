"""What cameras may be called, and which of them are private. Pure."""

import re

from askcam.server.errors import Invalid
from askcam.server.given_names import quoted

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
PUSHED = "push-"  # private cameras' names begin so; no other may


def check_name(name: str) -> None:
    """Raise Invalid unless a camera may be called so."""
    if not NAME.fullmatch(name) or name == "askcam" or name.startswith("push"):
        raise Invalid(
            f"{quoted(name)} cannot be a camera's name: use up to 63 of a-z, 0-9, '-', '_', "
            "and neither 'askcam' (the model itself) nor a name that begins with 'push'",
            "name",
        )


def private(name: str) -> bool:
    """Whether a camera of that name is pushed over somebody's connection, and nobody else's business."""
    return name.startswith(PUSHED)
