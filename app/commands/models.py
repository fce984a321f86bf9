"""askcam models: which models run on this machine, and how well. Calculated, where nothing was measured."""

import contextlib
from dataclasses import dataclass
from typing import Any

from askcam.app.commands.power import cameras_in_words
from askcam.app.measured import MeasuredModels, MeasuredRun
from askcam.engine.catalogue.advice import ModelHere, here, recommended
from askcam.engine.catalogue.catalogue import BUILT_IN, catalogue
from askcam.engine.catalogue.estimate import CAMERA_FPS, HostMachine
from askcam.engine.errors import ModelError
from askcam.engine.open import check_installed
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.words import Words, spoken_language

told = Words(__name__)

EXACT = "float32"  # in which the built-in model is read on a CPU, whatever larger ones are read in


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model, and whether all of it is in the hub's cache."""

    here: ModelHere
    cached: bool


def models(device: str, dtype: str, json: bool) -> None:
    """Print the list. Leaves with 2 for a device or dtype that there is not."""
    with leaving():
        check_installed()
        from askcam.engine.catalogue.machine import this_machine

        machine = this_machine(device, dtype)
    rows = _rows(machine, dtype)
    best = recommended(row.here for row in rows)
    if json:
        _tell_programs(machine, rows, best)
    else:
        _tell_people(machine, dtype, rows, best)


def _rows(machine: HostMachine, wanted: str) -> list[ModelRow]:
    known = MeasuredModels()
    rows = []
    for model in catalogue().values():
        exact = model.name == BUILT_IN and _built_in_exact(machine, wanted)
        run = MeasuredRun(machine.name, model.hub_id or BUILT_IN, EXACT if exact else machine.dtype, "live")
        rows.append(ModelRow(here(model, machine, known.of(run)), model.name == BUILT_IN or _in_cache(model.hub_id)))
    return rows


def _built_in_exact(machine: HostMachine, wanted: str) -> bool:
    """Whether the built-in model is read in EXACT: it is small enough for it."""
    return machine.device == "cpu" and wanted == "auto"


def _in_cache(hub_id: str) -> bool:
    from askcam.engine.folders import kept_model

    with contextlib.suppress(ModelError):
        return kept_model(hub_id) is not None
    return False


def _tell_programs(machine: HostMachine, rows: list[ModelRow], best: ModelHere | None) -> None:
    about = {
        "machine": machine.name,
        "device": machine.device,
        "dtype": machine.dtype,
        "free_bytes": machine.free_bytes,
    }
    say.line({**about, "flops": round(machine.flops), "bytes_s": round(machine.bytes_s)})
    for row in rows:
        say.line(_values(row))
    say.line({"recommended": None if best is None else best.model.name})


def _values(row: ModelRow) -> dict[str, Any]:
    found, model = row.here, row.here.model
    return {
        "name": model.name,
        "hub_id": model.hub_id,
        "licence": model.licence,
        "good_at": dict(model.good_at),
        "parameters": model.parameters,
        "supported": model.supported,
        "cached": row.cached,
        "weights_bytes": found.bytes.weights_bytes,
        "camera_bytes": found.bytes.camera_bytes,
        "fits": found.bytes.fits,
        "cameras": found.cameras,
        "frame_s": round(found.frame_s, 4),
        "first_word_s": round(found.first_word_s, 3),
        "seconds": "measured" if found.measured else "calculated",
    }


def _tell_people(machine: HostMachine, wanted: str, rows: list[ModelRow], best: ModelHere | None) -> None:
    from askcam.engine.cpu_dtype import has_units

    free = f"{machine.free_bytes / 1e9:.1f}"
    two = _built_in_exact(machine, wanted) and machine.dtype != EXACT
    about = {"name": machine.name, "free": free, "dtype": machine.dtype, "exact": EXACT}
    say.console.print(say.escape(told("models.machine_built_in" if two else "models.machine", **about)))
    for row in rows:
        mark, style = ("*", "bold") if row.cached else (" ", "")
        name = f"[{style}]{row.here.model.name:<14}[/]" if style else f"{row.here.model.name:<14}"
        say.console.print(f"{mark} {name} {say.escape(_figures(row.here))}")
        good = row.here.model.good_at.get(spoken_language(), row.here.model.good_at["en"])
        licence = "" if row.here.model.licence == "Apache-2.0" else f" · {row.here.model.licence}"
        say.console.print(f"[dim]{' ' * 17}{say.escape(good + licence)}[/]")
    say.console.print(told("models.legend", fps=f"{CAMERA_FPS:g}"))
    say.console.print(f"[green]{say.escape(_advice(best))}[/]")
    if machine.dtype == "float32" and (machine.device == "cuda" or has_units()):
        say.console.print(told("models.bfloat16"))


def _figures(found: ModelHere) -> str:
    """One line of a model. What is calculated is marked."""
    sure = "" if found.measured else "~"
    weights, camera = (f"{size / 1e9:.1f}" for size in (found.bytes.weights_bytes, found.bytes.camera_bytes))
    if not found.model.supported:
        return told("models.unsupported", weights=f"{weights:>5}", family=found.model.family)
    if not found.bytes.fits:
        return told("models.too_large", weights=f"{weights:>5}", camera=camera)
    held = cameras_in_words(found.cameras) if found.cameras else told("models.one", rate=_rate(found))
    first = _short(found.first_word_s)
    return told("models.figures", weights=f"{weights:>5}", camera=camera, held=f"{sure}{held}", first=f"{sure}{first}")


def _advice(best: ModelHere | None) -> str:
    if best is None:
        return told("models.none")
    if best.cameras:
        return told("models.take", name=best.model.name)
    return told("models.take_slow", name=best.model.name, rate=_rate(best), usual=f"{CAMERA_FPS:g}")


def _short(seconds: float) -> str:
    return f"{seconds:.2g}" if seconds < 10 else f"{seconds:.0f}"


def _rate(found: ModelHere) -> str:
    """Of one camera: seconds a frame, where they are more than one."""
    if found.fps < 1:
        return told("models.seconds", seconds=_short(1 / found.fps))
    return told("models.rate", fps=f"{found.fps:.2g}")
