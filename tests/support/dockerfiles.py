"""A Dockerfile as far as askcam's own go: stages, and what an image of one starts with."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

KNOWN = {
    "FROM", "ARG", "RUN", "COPY", "ENV", "EXPOSE", "WORKDIR", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD", "USER",
    "LABEL",
}  # fmt: skip


@dataclass
class Stage:
    """A stage with all that it has of those that it comes from."""

    base: str  # the image under all of them
    env: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    user: str = ""
    volumes: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)  # what it takes from its context
    runs: list[str] = field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction with what it says. Raises ValueError for one that is not known here."""
    lines = "\n".join(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    found = []
    for line in re.sub(r"\\\n\s*", "", lines).splitlines():
        name, _, said = line.partition(" ")
        if name not in KNOWN:
            raise ValueError(f"{name} is not among {sorted(KNOWN)}")
        found.append((name, said.strip()))
    return found


def stages(file: Path) -> dict[str, Stage]:
    """By name; the last one is "" too. Raises ValueError for what is unknown, and for what a shell would run."""
    found: dict[str, Stage] = {}
    stage = Stage("")
    for name, said in instructions(file.read_text()):
        match name:
            case "FROM":
                base, _, called = said.partition(" AS ")
                under = found.get(base)
                stage = Stage(base)
                if under is not None:
                    stage = Stage(
                        **{key: value.copy() if hasattr(value, "copy") else value for key, value in vars(under).items()}
                    )
                found[called] = found[""] = stage
            case "ENV":
                stage.env |= dict(part.split("=", 1) for part in shlex.split(said))
            case "ENTRYPOINT":
                stage.entrypoint, stage.command = json.loads(said), []
            case "CMD":
                stage.command = json.loads(said)
            case "HEALTHCHECK":
                stage.healthcheck = json.loads(said.split("CMD ", 1)[1])
            case "USER":
                stage.user = said
            case "VOLUME":
                stage.volumes.append(said)
            case "COPY":
                stage.copies += said.split()[:-1]
            case "RUN":
                stage.runs.append(said)
    return found
