"""The audit log, plugged in: [audit], who did what on disk, and `askcam audit`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from askcam.features.audit.config import AuditConfig, read_audit
from askcam.server.feature import Feature, Given, Program, Section
from askcam.server.terminal.flags import ConfigFile, Json
from askcam.server.terminal.words import Words

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


told = Words(__name__)

Data = Annotated[Path | None, typer.Option("--data", help=told("help.audit.data"))]
Noted = Annotated[str | None, typer.Option("--noted", metavar="HASH", help=told("help.audit.noted"))]
Who = Annotated[str | None, typer.Option("--who", help=told("help.audit.who"))]
Camera = Annotated[str | None, typer.Option("--camera", help=told("help.audit.camera"))]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help=told("help.audit.limit"))]


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.features.audit.running import AuditRunning

    return AuditRunning(given)


def add_command(program: Program) -> None:
    audit = program.group("audit", told("help.audit"))

    def folder(config: Path | None, data: Path | None) -> Path:
        from askcam.server.storage.folder import data_folder

        named: Path | None = program.config(config, {}).sections["audit"].folder
        return data or named or data_folder(os.environ).with_name("audit")

    @audit.command("verify", help=told("help.audit.verify"))
    def verify(config: ConfigFile = None, data: Data = None, noted: Noted = None, json: Json = False) -> None:
        from askcam.features.audit import commands

        commands.verify(folder(config, data), noted, json)

    @audit.command("list", help=told("help.audit.list"))
    def list_(
        config: ConfigFile = None,
        data: Data = None,
        who: Who = None,
        camera: Camera = None,
        limit: Limit = 50,
        json: Json = False,
    ) -> None:
        from askcam.features.audit import commands

        commands.show(folder(config, data), who, camera, limit, json)


FEATURE = Feature(name="audit", sections={"audit": Section(read_audit, AuditConfig)}, build=build, commands=add_command)
