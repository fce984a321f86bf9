"""How much this machine does for a model, in words: in low power or in full, and of how many cameras."""

from askcam.engine.interface import Engine, ModelInfo
from askcam.server.terminal.words import Words

told = Words(__name__)

PICTURE = (640, 480)


def low_power(engine: Engine) -> str:
    """One line for a model that runs in low power: with the figures that it was chosen by, if it was not asked for."""
    power, fit = engine.info.power, engine.fit(*PICTURE)
    what = told("power.what", width=fit.width, height=fit.height)
    if power.wanted_fps is None or power.full_fps is None or power.held_fps is None:
        return told("power.asked", what=what)
    full, held = (f"{fps:.2g}" for fps in (power.full_fps, power.held_fps))
    return told("power.measured", wanted=f"{power.wanted_fps:g}", full=full, held=held, what=what)


def cameras_in_words(number: int) -> str:
    """So many of them."""
    return told("camera.one" if number == 1 else "camera.several", n=number)


def full_power(info: ModelInfo) -> str:
    """One line for a model that runs in full power, and for which that was measured."""
    power = info.power
    assert power.full_fps is not None
    return told("doctor.full", fps=f"{power.full_fps:.3g}", wanted=f"{power.wanted_fps:g}")


def power_values(info: ModelInfo) -> dict[str, float | int | str | None]:
    """For programs. Frames a second of all cameras together; null where nothing was measured."""
    power = info.power
    figures = {"wanted_fps": power.wanted_fps, "full_fps": power.full_fps, "held_fps": power.held_fps}
    rounded = {name: None if fps is None else round(fps, 3) for name, fps in figures.items()}
    return {"power": power.name, **rounded}
