"""What a server does once it listens: all models are loaded, one after the other; then its cameras are opened and its
features begin."""

import asyncio
import logging
from collections.abc import Mapping

import uvicorn

from askcam.app.config import Config
from askcam.app.features import model_uses
from askcam.engine.errors import ModelError, ModelUnreachable
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine, sharing_memory
from askcam.server.connections.listening import ListeningServer
from askcam.server.core import Core
from askcam.server.errors import Refusal
from askcam.server.lifecycle import Lifecycle
from askcam.server.model import USUAL, Model
from askcam.server.threads import in_daemon
from askcam.stream.errors import StreamError

log = logging.getLogger(__name__)

LOADING = "askcam-load"  # name of the thread that loads the models
AGAIN_S = 2.0  # how often a model that is away is looked for


class RunningServer(ListeningServer):
    """Beside its socket: the models that it loads."""

    def __init__(self, core: Core, url: str, server: uvicorn.Server, loaded: "asyncio.Future[Engine]") -> None:
        super().__init__(url, server, core.end_streams)
        self.core, self._loaded = core, loaded

    async def ready(self) -> Engine:
        """Wait until the model is warm and the configured cameras are being opened. Raises ModelError, SourceError."""
        return await asyncio.shield(self._loaded)


def engine_configs(config: Config, built_in: str) -> dict[str, EngineConfig]:
    """How each model is to be run, by name, the usual one first. `built_in`: the folder of the one that is run where
    none is named."""
    uses = tuple(model_uses(config.sections))
    return {
        called: model.engine(built_in, config.wanted_fps(called, uses), called=called)
        for called, model in config.all_models().items()
    }


async def load(config: Config, built_in: str, core: Core, life: Lifecycle) -> Engine:
    """Have all of it begin; returns the usual model's engine. Raises ModelError, SourceError, ConfigError.

    A model whose server cannot be reached is away, and looked for until it is there. All wait for the usual one; for
    one of [models.NAME] only those who need it (look_for_away).
    """
    wanted: Mapping[str, EngineConfig] = engine_configs(config, built_in)
    readiness = core.model.readiness
    try:
        wanted = await in_daemon(lambda: sharing_memory(wanted, readiness.set), LOADING)
    except Exception as exc:
        readiness.fail(str(exc))
        raise
    for called, each in wanted.items():
        model = core.models.get(called)
        there = await _load_if_there(model, each)
        while not there and called == USUAL:
            await asyncio.sleep(AGAIN_S)
            there = await _load_if_there(model, each)
    _open_cameras(config, core)
    await life.begin()
    return core.model.engine


async def look_for_away(config: Config, built_in: str, core: Core, loaded: "asyncio.Future[Engine]") -> None:
    """Once the others are loaded: look for models that are away until each is there, with what waits for it."""
    await asyncio.wait([loaded])
    wanted = engine_configs(config, built_in)
    while away := [model for model in core.models if not model.loaded and model.trouble is not None]:
        await asyncio.sleep(AGAIN_S)
        for model in away:
            try:
                await _load_one(model, wanted[model.called])
                log.info("[models.%s] is there", model.called)
                _open_cameras(config, core)
                for told in core.models.came:
                    await told()
            except (ModelError, Refusal, StreamError) as exc:  # as when it is there, and cannot be used as it is
                if model.trouble not in (None, str(exc)):
                    log.warning("[models.%s]: %s", model.called, exc)
                if not model.loaded:
                    model.away(str(exc))
            except Exception:
                log.exception("[models.%s] could not be looked for; it is again", model.called)


def _open_cameras(config: Config, core: Core) -> None:
    """Those whose model is there, and that are not open yet."""
    for name in list(core.cameras.announced):
        camera = config.cameras[name]
        if core.models.get(camera.use.model).loaded:
            del core.cameras.announced[name]
            core.cameras.add(name, camera.uri, camera.config, camera.use)


async def _load_if_there(model: Model, config: EngineConfig) -> bool:
    """False: its own server cannot be reached, and may be later, as after a power cut. Raises ModelError."""
    name = "the model" if model.called == USUAL else f"[models.{model.called}]"
    try:
        await _load_one(model, config)
    except ModelError as exc:
        if not isinstance(exc.__cause__, ModelUnreachable):
            if model.called == USUAL:
                raise
            raise ModelError(f"{name}: {exc}") from exc
        if model.trouble is None:
            log.warning("%s is away: %s; it is looked for", name, exc)
        model.away(str(exc))
    return model.loaded


async def _load_one(model: Model, config: EngineConfig) -> None:
    try:
        engine = await in_daemon(lambda: open_engine(config, model.readiness.set), LOADING)
    except Exception as exc:
        model.readiness.fail(str(exc))
        raise
    if config.url is not None:
        model.name = engine.info.id  # as its server calls it
    model.ready(engine)
