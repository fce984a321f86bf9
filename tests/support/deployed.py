"""examples/deploy as its tests read it: what images start with, command lines as the program reads them."""

from typing import Any

import typer
import yaml
from support.dockerfiles import stages
from support.wheels import ROOT

from askcam.app.program import app

SHIPPED = ROOT / "examples/deploy"
IMAGES = stages(SHIPPED / "Dockerfile")
TARGETS = ("cpu", "cuda", "remote")
MANIFEST = SHIPPED / "kubernetes/askcam.yaml"
CONFIG = "/etc/askcam/askcam.toml"
TOKENS = {"ASKCAM_TOKEN": "of-viewers", "ASKCAM_ADMIN_TOKEN": "of-admins"}


def flags(command: list[str]) -> dict[str, Any]:
    """What a command line of askcam says, as the program reads it."""
    name, *args = command
    known = typer.main.get_command(app)
    return dict(known.commands[name].make_context(name, list(args)).params)  # type: ignore[attr-defined]


def container() -> dict[str, Any]:
    (found,) = [each for each in yaml.safe_load_all(MANIFEST.read_text()) if each["kind"] == "StatefulSet"]
    return dict(found["spec"]["template"]["spec"])
