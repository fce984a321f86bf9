"""What would help a model that is too slow on this machine, in words; what was measured of it is kept for next time."""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

from askcam.app.measured import MeasuredModels, MeasuredRun
from askcam.engine.catalogue.advice import MeasuredModel, helps
from askcam.engine.catalogue.catalogue import BUILT_IN, catalogue, known_model
from askcam.engine.catalogue.estimate import CAMERA_FPS, HostMachine
from askcam.engine.interface import Engine, SeenPace
from askcam.engine.power import SPARE
from askcam.server.terminal import say
from askcam.server.terminal.words import Words
from askcam.server.threads import in_daemon

log = logging.getLogger(__name__)
told = Words(__name__)

LOOK_EVERY_S = 2.0
LEAST_FPS = 0.05  # that a camera may be given
STEADILY = 5  # looks, one after the other, at which the machine does not keep up
PICTURE = (640, 480)


def run_of(engine: Engine, model: str) -> MeasuredRun:
    """`model`: as the config names it, or BUILT_IN. Reads torch."""
    run = _full_run_of(engine, model)
    return replace(run, backend=f"{run.backend}, low power") if engine.info.power.low else run


def _full_run_of(engine: Engine, model: str) -> MeasuredRun:
    from askcam.engine.catalogue.machine import device_name

    return MeasuredRun(device_name(engine.info.device), model, engine.info.dtype, engine.info.backend)


def note_measured(engine: Engine, model: str, measured: MeasuredModel) -> None:
    """For `askcam models`, and for the next start."""
    MeasuredModels().note(run_of(engine, model), measured)


def note_full_power(engine: Engine, model: str) -> None:
    """Where low power was chosen: what full power was measured to take, which `askcam models` goes by."""
    power = engine.info.power
    if power.low and power.full_fps is not None and power.pixels is not None:
        MeasuredModels().note(_full_run_of(engine, model), MeasuredModel(SPARE / power.full_fps, None, power.pixels))


def what_helps(
    engine: Engine,
    model: str,
    measured: MeasuredModel,
    wanted: Sequence[float] = (CAMERA_FPS,),
    *,
    watching: bool = True,
) -> str:
    """The remedies in words, the ones that help most first. `wanted`: frames a second of each camera. `watching`: by a
    command that takes --power. Reads torch."""
    from askcam.engine.catalogue.machine import free_bytes
    from askcam.engine.cpu_dtype import has_units

    info, words = engine.info, []
    if measured.frame_s is not None:
        kind, itemsize = info.device.partition(":")[0], 4 if info.dtype == "float32" else 2
        free = free_bytes(info.device) + engine.stats().memory.weights_bytes
        machine = HostMachine("", kind, info.dtype, itemsize, free, flops=1.0, bytes_s=1.0)
        quick = has_units() and not info.why_dtype  # else it is float32 for a reason, which doctor says
        found = helps(known_model(model), catalogue().values(), machine, measured, quick, sum(wanted))
        if found.bfloat16:
            words.append(told("slow.dtype"))
        if found.smaller is not None:
            words.append(told("slow.smaller", name=found.smaller.model.name, fps=f"{found.smaller.fps:.2g}"))
        if found.max_pixels is not None:
            words.append(told("slow.pixels", pixels=found.max_pixels))
        words += _fewer(found.fps, wanted)
    if watching and info.backend == "live" and not info.power.low:
        words.append(told("slow.low"))
    if not any("--model" in word for word in words) and model != BUILT_IN:
        words.append(told("slow.any_smaller"))
    return ", ".join([*words, *([] if info.device.startswith("cuda") else [told("slow.gpu")])])


def _fewer(held_fps: float, wanted: Sequence[float]) -> list[str]:
    """How many frames of each camera are held, where that is less than what they have."""
    each = math.floor(held_fps / len(wanted) * 100) / 100
    if not LEAST_FPS <= each < max(wanted):
        return []
    return [told("slow.fps" if len(wanted) == 1 else "slow.fps_each", fps=f"{each:g}", cameras=len(wanted))]


@contextlib.asynccontextmanager
async def telling_slow(
    engine: Engine, model: str, json: bool, wanted: Callable[[], Sequence[float]] = lambda: (CAMERA_FPS,)
) -> AsyncIterator[None]:
    """One line while the block runs, if the model is too slow here: at once where that was measured before, else when
    it is seen. A model that runs elsewhere takes no frames in here. `wanted`: frames a second of each camera that there
    is; called on the event loop."""
    if engine.info.backend == "remote":
        yield
        return
    task = asyncio.ensure_future(_tell(engine, model, json, wanted))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.warning("it could not be told whether the model is too slow here", exc_info=failure)


async def _tell(engine: Engine, model: str, json: bool, wanted: Callable[[], Sequence[float]]) -> None:
    await in_daemon(lambda: note_full_power(engine, model), "askcam-measured")
    known = await in_daemon(lambda: MeasuredModels().of(run_of(engine, model)), "askcam-measured")
    measured = known if known is not None and too_slow(known) else await _seen_slow(engine)
    if known is None:
        await in_daemon(lambda: note_measured(engine, model, measured), "askcam-measured")
    rates = tuple(wanted()) or (CAMERA_FPS,)
    remedies = await in_daemon(lambda: what_helps(engine, model, measured, rates), "askcam-measured")
    fit, each = engine.fit(*PICTURE), f"{measured.frame_s or 0.0:.2g}"
    if json:
        say.line({"event": "slow", "frame_s": measured.frame_s, "helps": remedies})
    else:
        said = told("slow.said", model=model, each=each, width=fit.width, height=fit.height, helps=remedies)
        say.errors.print(f"[yellow]{say.escape(said)}[/]")


def too_slow(measured: MeasuredModel) -> bool:
    """For one camera of the usual rate."""
    return measured.frame_s is not None and SPARE / measured.frame_s < CAMERA_FPS


async def _seen_slow(engine: Engine) -> MeasuredModel:
    """Waits until cameras are steadily taken in less than half as often as they should be."""
    seen = SteadilySlow()
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        paces = engine.paces()
        if seen.look(paces):
            return of_paces(paces, engine)


class SteadilySlow:
    """Whether the machine does not keep up, and not for a moment only. Pure."""

    def __init__(self) -> None:
        self._looks = 0

    def look(self, paces: Mapping[str, SeenPace]) -> bool:
        """True once some camera was too slow at STEADILY looks, one after the other."""
        self._looks = self._looks + 1 if any(pace.slow for pace in paces.values()) else 0
        return self._looks >= STEADILY


def of_paces(paces: Mapping[str, SeenPace], engine: Engine) -> MeasuredModel:
    """What a frame takes, by how often the slow cameras' are taken in. Questions take their part, too."""
    a_second = sum(1 / pace.every_s for pace in paces.values() if pace.every_s > 0)
    fit = engine.fit(*PICTURE)
    return MeasuredModel(frame_s=SPARE / a_second, first_word_s=None, pixels=fit.width * fit.height)
