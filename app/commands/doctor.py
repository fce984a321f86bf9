"""askcam doctor: is this machine ready, does that camera answer, does that model load. One line each, with a remedy."""

import importlib.metadata
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from askcam.app.commands.capacity import FIRST_S, SLOW_S, Capacity, measure
from askcam.app.commands.configured import named_camera
from askcam.app.commands.opened import await_picture
from askcam.app.commands.power import cameras_in_words, full_power, low_power, power_values
from askcam.app.commands.slow import note_full_power, note_measured, what_helps
from askcam.app.config import CameraEntry
from askcam.demo.builtin import model_path
from askcam.engine.catalogue.advice import MeasuredModel
from askcam.engine.catalogue.catalogue import BUILT_IN
from askcam.engine.catalogue.estimate import CAMERA_FPS
from askcam.engine.errors import EngineError
from askcam.engine.interface import Engine, EngineConfig, ModelInfo
from askcam.engine.open import RUNS_MODELS, check_installed, open_engine
from askcam.server.model import USUAL
from askcam.server.terminal import say
from askcam.server.terminal.leaving import amiss
from askcam.server.terminal.progress import progress
from askcam.server.terminal.reasons import at_once
from askcam.server.terminal.words import Words
from askcam.server.terminal.words import told as general
from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.errors import StreamError
from askcam.stream.fit import as_is
from askcam.stream.window import Anchors

told = Words(__name__)

PACKAGES = (
    "av",
    "opencv-python-headless",
    "numpy",
    "starlette",
    "uvicorn",
    "websockets",
    "msgspec",
)
RATE_S = 3.0  # long enough to tell a camera's rate, and whether decoding keeps up with it


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    what: str
    ok: bool
    text: str
    values: dict[str, float | int | str | None] | None = None  # measured, for --json


def doctor(
    cameras: list[str],
    models: Mapping[str, EngineConfig],
    wait_s: float,
    json: bool,
    known: Mapping[str, CameraEntry] | None = None,
) -> None:
    """Print the findings as they come; `models` by what they are called, `wait_s` for a camera's first picture, `known`
    cameras are those of the file. Leaves with 1 when one of them is bad."""
    bad = False
    for found in _findings(cameras, models, wait_s, json, known or {}):
        bad |= not found.ok
        if json:
            say.line({"what": found.what, "ok": found.ok, "text": found.text} | (found.values or {}))
        else:
            mark = f"[green]{told('doctor.ok')}[/]" if found.ok else f"[red]{general('bad')}[/]"
            say.console.print(f"{mark} [bold]{say.escape(found.what)}[/]: {say.escape(found.text)}")
    if bad:
        amiss()


def _findings(
    cameras: list[str],
    models: Mapping[str, EngineConfig],
    wait_s: float,
    json: bool,
    known: Mapping[str, CameraEntry],
) -> Iterator[DoctorFinding]:
    yield _python()
    here = any(model.url is None for model in models.values())  # else nothing here multiplies
    for name in (*(name.replace("_", "-") for name in RUNS_MODELS if here), *PACKAGES):
        yield _package(name)
    if here:
        yield _torch()
    free = shutil.disk_usage(Path.home()).free / 1e9
    yield DoctorFinding("disk", free > 2, told("doctor.disk" if free > 2 else "doctor.full_disk", free=f"{free:.0f}"))
    for uri in cameras:
        yield _camera(uri, wait_s, json, known)
    for called, model in models.items():
        for found in _model(model, json):
            yield found if called == USUAL else replace(found, what=f"{called}: {found.what}")


def _python() -> DoctorFinding:
    ok = sys.version_info >= (3, 11)
    return DoctorFinding(
        "python", ok, told("doctor.python" if ok else "doctor.old_python", version=platform.python_version())
    )


def _package(name: str) -> DoctorFinding:
    try:
        return DoctorFinding(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return DoctorFinding(name, False, told("doctor.not_installed", name=name))


def _torch() -> DoctorFinding:
    try:
        check_installed()
        from askcam.engine.devices import describe
    except EngineError as exc:
        return DoctorFinding("device", False, str(exc))

    number = os.cpu_count() or 1
    cores = told("core.one" if number == 1 else "core.several", n=number)
    return DoctorFinding("device", True, told("doctor.device", device=describe(), cores=cores))


def _camera(uri: str, wait_s: float, json: bool, known: Mapping[str, CameraEntry]) -> DoctorFinding:
    try:
        named = named_camera(uri, known)
        config = CameraConfig(keyframe_s=wait_s, masks=named.masks)
        camera = Camera("doctor", named.source, fit=as_is, anchors=Anchors(), config=config)
    except StreamError as exc:
        return DoctorFinding("camera", False, str(exc))
    start = time.monotonic()
    camera.start()
    try:
        status = await_picture(camera, wait_s, tell=not json)
        if not camera.askable:
            why = at_once(status.reason or "") or told("doctor.no_frame", seconds=f"{wait_s:g}")
            return DoctorFinding(f"camera {camera.uri}", False, why)
        took = time.monotonic() - start
        time.sleep(RATE_S)
        status = camera.status()
        rate = "?" if status.fps is None else f"{status.fps:.1f}"
        text = told(
            "doctor.camera",
            took=f"{took:.1f}",
            width=status.width,
            height=status.height,
            rate=rate,
            age=say.age((status.frame_age_s or 0) * 1000),
        )
        if status.health:
            text += told("doctor.flags", flags=", ".join(status.health))
        over = status.state is State.ENDED  # a short film, which can be asked about
        if status.reason is not None and not over:  # live, but decoding falls behind
            text += f"; {status.reason}"
        return DoctorFinding(f"camera {camera.uri}", camera.askable and (over or status.reason is None), text)
    finally:
        camera.close()


def _model(config: EngineConfig, json: bool) -> Iterator[DoctorFinding]:
    start = time.monotonic()
    try:
        with progress(json) as bar:
            engine = open_engine(config, bar)
    except EngineError as exc:
        yield DoctorFinding("model", False, str(exc))
        return
    info = engine.info
    if info.backend == "remote":
        yield from _remote(engine, time.monotonic() - start)
        return
    text = told(
        "doctor.model",
        family=info.family,
        size=f"{info.num_parameters / 1e6:.1f}",
        dtype=info.dtype,
        device=info.device,
        took=f"{time.monotonic() - start:.1f}",
    )
    model = BUILT_IN if Path(config.model) == model_path() else config.model
    yield DoctorFinding(f"model {BUILT_IN if model == BUILT_IN else info.id}", True, text)
    yield from _backend(info)
    if info.power.low:
        yield DoctorFinding("power", True, low_power(engine), power_values(info))
    elif info.power.full_fps is not None:
        yield DoctorFinding("power", True, full_power(info), power_values(info))
    try:
        found = measure(engine)
        measured = MeasuredModel(found.frame_s, found.first_s, found.width * found.height)
        if found.frame_s is not None or found.first_s is not None:
            note_measured(engine, model, measured)
        note_full_power(engine, model)
        slow = found.first_s is None or found.first_s > SLOW_S or (found.frame_s is not None and found.cameras < 1)
        yield _speed(found, what_helps(engine, model, measured) if slow else None)
    except (EngineError, StreamError) as exc:
        yield DoctorFinding("speed", False, str(exc))
    finally:
        engine.close()


def _remote(engine: Engine, took_s: float) -> Iterator[DoctorFinding]:
    """A model behind its server: what this was found to do, and how soon the first word comes."""
    info = engine.info
    try:
        text = told("doctor.remote", where=info.device, took=f"{took_s:.1f}")
        yield DoctorFinding(f"model {info.id}", True, f"{text}; {info.note}")
        for check in info.checks:
            yield DoctorFinding(f"model server, {check.name}", check.ok, check.detail)
        found = measure(engine)
        yield _speed(found, None if found.first_s is not None and found.first_s <= SLOW_S else told("slow.remote"))
    except (EngineError, StreamError) as exc:
        yield DoctorFinding("speed", False, str(exc))
    finally:
        engine.close()


def _speed(found: Capacity, helps: str | None) -> DoctorFinding:
    """How much this machine holds with the model; `helps`: what would, where that is too little."""
    first = told("doctor.no_word", seconds=f"{FIRST_S:g}")
    if found.first_s is not None:
        first = told("doctor.first", seconds=f"{found.first_s:.1f}")
    values: dict[str, float | int | str | None] = {
        "first_word_s": None if found.first_s is None else round(found.first_s, 3),
        "frame_s": None if found.frame_s is None else round(found.frame_s, 4),
        "cameras": found.cameras,
        "fps_of_one": round(found.fps, 2),
    }
    size = {"width": found.width, "height": found.height}
    if found.frame_s is None:
        taken = told("doctor.nothing_taken", **size)
    else:
        fps, each = f"{found.fps:.1f}", f"{found.frame_s * 1000:.0f}"
        taken = told(
            "doctor.holds_more" if found.at_least else "doctor.holds",
            cameras=cameras_in_words(found.cameras),
            fps=fps,
            ms=each,
            usual=f"{CAMERA_FPS:g}",
            **size,
        )
    help_ = "" if helps is None else told("doctor.helps", helps=helps)
    return DoctorFinding("speed", helps is None, f"{taken}; {first}{help_}", values)


def _backend(info: ModelInfo) -> Iterator[DoctorFinding]:
    """Its weights: dtype, and quantized how. Which backend runs it, and why; the live one: how it was found exact."""
    if info.why_dtype:
        yield DoctorFinding("dtype", True, info.why_dtype)
    if info.quantized:
        yield DoctorFinding("quantized", True, info.quantized)
    if info.backend != "live":
        yield DoctorFinding("backend", True, told("doctor.portable", why=info.why_portable))
    for check in info.checks:
        yield DoctorFinding(f"live backend, {check.name}", check.ok, check.detail)
