"""From a configuration to an engine that is ready: which backend, and why."""

import logging
from dataclasses import replace

from askcam.engine.checkpoint import find, place
from askcam.engine.devices import working_on
from askcam.engine.errors import ModelError
from askcam.engine.interface import Engine, EngineConfig, Progress
from askcam.engine.light import reading_lightly
from askcam.engine.live.build import build, check_room, make_model
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.selftest import selftest
from askcam.engine.loading import FoundModel, Loaded
from askcam.engine.machine_memory import give_back_memory
from askcam.engine.portable import PortableEngine
from askcam.engine.weights import first_line

log = logging.getLogger("askcam.engine")


def open_backend(config: EngineConfig, progress: Progress | None = None) -> Engine:
    """Blocks until the model is warm. Raises ModelError.

    The live backend where it is supported and proves exact; whatever keeps it from that, exceptions of any kind
    included, leads to the portable one, and is told in `ModelInfo.why_portable`.
    """
    engine = _open(config, progress or (lambda what, share: None))
    give_back_memory()  # reading and comparing take much that answering does not
    return engine


def _open(config: EngineConfig, progress: Progress) -> Engine:
    found = find(config, progress)
    with working_on(found.device):
        return _open_found(found, config, progress)


def _open_found(found: FoundModel, config: EngineConfig, progress: Progress) -> Engine:
    """All but the finding."""
    why = "as configured" if config.backend == "portable" else ""
    if not why:
        try:
            check_room(found, config)
        except ModelError as exc:
            why = _portable_instead(exc, config)
    loaded = place(found, config, progress)
    if not why:
        try:
            return _open_live(loaded, config, progress)
        except Exception as exc:  # a torch, a driver or weights that nobody has seen yet
            why = _portable_instead(exc, config)
    return PortableEngine.over(replace(loaded, info=replace(loaded.info, why_portable=why)), config, progress)


def _portable_instead(exc: Exception, config: EngineConfig) -> str:
    """Why, logged; raises ModelError if only the live backend will do."""
    expected = isinstance(exc, ModelError)
    why = str(exc) if expected else f"the live backend failed: {type(exc).__name__}: {first_line(exc)}"
    if config.backend == "live":
        raise ModelError(why) from exc
    log.warning("%s runs on the portable backend: %s", config.model, why)
    if not expected:
        log.debug("how the live backend failed", exc_info=exc)
    return why


def _open_live(loaded: Loaded, config: EngineConfig, progress: Progress) -> LiveEngine:
    """Raises ModelError where it is not supported or not exact, and whatever else goes wrong."""
    model = make_model(loaded, config)
    progress("comparing with transformers", 0.0)
    with reading_lightly():  # stock code asks the compiler's modules whether True is true
        checks = tuple(selftest(loaded, model, LivePrompter(loaded, config.positions)))
    wrong = [check for check in checks if not check.ok]
    if wrong:
        raise ModelError("the live backend is not exact here: " + "; ".join(f"{c.name}: {c.detail}" for c in wrong))
    own = model.own.told(loaded.device)
    if own:
        log.info("%s", own)
    info = replace(loaded.info, checks=checks, quantized="; ".join(filter(None, (loaded.info.quantized, own))))
    engine = build(replace(loaded, info=info), config, model)
    try:
        engine.get_ready(progress)
    except BaseException:
        engine.close()
        raise
    return engine
