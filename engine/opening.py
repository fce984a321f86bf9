"""From a configuration to an engine that is ready: which backend, and why."""

import logging

from askcam.engine.checkpoint import find, load, place
from askcam.engine.errors import ModelError
from askcam.engine.interface import Engine, EngineConfig, Progress
from askcam.engine.live.build import build, check_room, make_model
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.selftest import Check, selftest
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine

log = logging.getLogger("askcam.engine")


def open_backend(config: EngineConfig, progress: Progress | None = None) -> Engine:
    """Blocks until the model is warm. Raises ModelError."""
    progress = progress or (lambda what, share: None)
    if config.backend == "portable":
        return PortableEngine.open(config, progress)
    found = find(config, progress)
    refused: ModelError | None = None
    try:
        check_room(found, config)
    except ModelError as exc:
        refused = _portable_instead(exc, config)
    loaded = place(found, config, progress)
    if refused is None:
        try:
            return _open_live(loaded, config, progress)
        except ModelError as exc:
            _portable_instead(exc, config)
    return PortableEngine.over(loaded, config, progress)


def examine(config: EngineConfig, progress: Progress | None = None) -> list[Check]:
    """Load a model and compare the live backend with stock transformers on it (`askcam doctor`). Raises ModelError."""
    loaded = load(config, progress or (lambda what, share: None))
    return selftest(loaded, make_model(loaded, config), LivePrompter(loaded, config.positions))


def _portable_instead(exc: ModelError, config: EngineConfig) -> ModelError:
    """Say why, unless only the live backend will do."""
    if config.backend == "live":
        raise exc
    log.warning("%s runs on the portable backend: %s", config.model, exc)
    return exc


def _open_live(loaded: Loaded, config: EngineConfig, progress: Progress) -> LiveEngine:
    model = make_model(loaded, config)
    progress("comparing with transformers", 0.0)
    wrong = [check for check in selftest(loaded, model, LivePrompter(loaded, config.positions)) if not check.ok]
    if wrong:
        raise ModelError("the live backend is not exact here: " + "; ".join(f"{c.name}: {c.detail}" for c in wrong))
    engine = build(loaded, config, model)
    engine.get_ready(progress)
    return engine
