"""Features that other packages bring, by the entry point group `askcam.features`."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import fields, replace
from importlib.metadata import EntryPoint, entry_points

import typer

from askcam.server.access.limits import Limits
from askcam.server.feature import Feature, Program

GROUP = "askcam.features"  # of entry points: name -> a Feature
# What askcam.toml has already: sections, and keys of a camera. tests/house/test_plugged.py compares.
OWN_SECTIONS = frozenset(
    ("server", "tokens", "users", "model", "models", "cameras", "limits", "answers", "tools", "fetch")
)
OWN_OPTIONS = frozenset(
    ("uri", "fps", "motion_gate", "stall_s", "grace_s", "silence_s", "open_timeout_s", "keyframe_s")
).union(("max_abandoned", "masks", "zones", "tools", "unwell", "model"))


class DoesNotFit(Exception):
    """Why a feature from outside is left out."""


def plugged_in(ours: Collection[Feature]) -> tuple[tuple[Feature, ...], tuple[str, ...]]:
    """Those of installed packages, by name, and for each that is left out a sentence that says why."""
    found: list[Feature] = []
    left_out: list[str] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            found.append(_loaded(entry, [*ours, *found]))
        except Exception as exc:
            of = "" if entry.dist is None else f" of the package {entry.dist.name}"
            left_out.append(f"the feature {entry.name!r}{of} is left out: {exc} ({entry.value})")
    return tuple(found), tuple(left_out)


def add_commands(feature: Feature, program: Program) -> None:
    """Add a feature's commands, if all of them have names of their own. Raises what it raises, and DoesNotFit."""
    if feature.commands is None:
        return
    own = typer.Typer()
    feature.commands(replace(program, app=own))
    for name in command_names(own):
        if name in command_names(program.app):
            raise DoesNotFit(f"the command {name!r} is there already: it needs another name")
    program.app.registered_commands += own.registered_commands
    program.app.registered_groups += own.registered_groups


def command_names(app: typer.Typer) -> set[str]:
    """As they are typed."""
    commands = {each.name or _dashed(each.callback) for each in app.registered_commands}
    return commands | {str(each.name) for each in app.registered_groups}


def _dashed(callback: Callable[..., object] | None) -> str:
    return getattr(callback, "__name__", "").replace("_", "-")


def _loaded(entry: EntryPoint, there: Collection[Feature]) -> Feature:
    feature = entry.load()
    if not isinstance(feature, Feature):
        raise DoesNotFit(f"it is a {type(feature).__name__}, not an askcam.server.feature.Feature")
    if feature.name != entry.name:
        raise DoesNotFit(f"its entry point has another name than it has itself, which is {feature.name!r}")
    for what, its, taken in _names(feature, there):
        if its in taken:
            raise DoesNotFit(f"{what} {its!r} is there already: it needs another name")
    lacking = sorted(set(feature.needs) - {each.name for each in there})
    if lacking:
        raise DoesNotFit(f"it needs the features {', '.join(lacking)}, which are not there")
    return feature


def _names(feature: Feature, there: Collection[Feature]) -> Iterator[tuple[str, str, Collection[str]]]:
    yield "a feature", feature.name, {each.name for each in there}
    for section in feature.sections:
        yield "the section", section, OWN_SECTIONS.union(*(each.sections for each in there))
    for option in feature.camera_options:
        yield "the camera's option", option, OWN_OPTIONS.union(*(each.camera_options for each in there))
    for limit in feature.limits:
        yield "the limit", limit, {each.name for each in fields(Limits)}.union(*(each.limits for each in there))
