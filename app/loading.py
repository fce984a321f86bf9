"""All models of a server are loaded, one after the other; then its cameras are opened and its features begin."""

from collections.abc import Mapping

from askcam.app.config import Config
from askcam.app.features import model_uses
from askcam.app.running_server import LOADING
from askcam.engine.errors import ModelError
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine, sharing_memory
from askcam.server.core import Core
from askcam.server.lifecycle import Lifecycle
from askcam.server.model import USUAL, Model
from askcam.server.threads import in_daemon


def engine_configs(config: Config, built_in: str) -> dict[str, EngineConfig]:
    """How each model is to be run, by name, the usual one first. `built_in`: the folder of the one that is run where
    none is named."""
    uses = tuple(model_uses(config.sections))
    return {
        called: model.engine(built_in, config.wanted_fps(called, uses), called=called)
        for called, model in config.all_models().items()
    }


async def load(config: Config, built_in: str, core: Core, life: Lifecycle) -> Engine:
    """Have all of it begin; returns the usual model's engine. Raises ModelError, SourceError, ConfigError."""
    wanted: Mapping[str, EngineConfig] = engine_configs(config, built_in)
    readiness = core.model.readiness
    try:
        wanted = await in_daemon(lambda: sharing_memory(wanted, readiness.set), LOADING)
    except Exception as exc:
        readiness.fail(str(exc))
        raise
    for called, each in wanted.items():
        await _load_one(core.models.get(called), each)
    core.cameras.announced = ()
    for name, camera in config.cameras.items():
        core.cameras.add(name, camera.uri, camera.config, camera.use)
    await life.begin()
    return core.model.engine


async def _load_one(model: Model, config: EngineConfig) -> None:
    try:
        engine = await in_daemon(lambda: open_engine(config, model.readiness.set), LOADING)
    except Exception as exc:
        model.readiness.fail(str(exc))
        if model.called == USUAL or not isinstance(exc, ModelError):
            raise
        raise ModelError(f"[models.{model.called}]: {exc}") from exc
    if config.url is not None:
        model.name = engine.info.id  # as its server calls it
    model.ready(engine)
