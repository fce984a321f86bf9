"""The core, put together from its config: every room in the order in which they need each other."""

import logging
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter

from prometheus_client import ProcessCollector

from askcam.app.config import Config
from askcam.app.features import FEATURES
from askcam.server.access.auth import Auth
from askcam.server.access.places import PlacesOf
from askcam.server.access.proxies import TrustedProxies
from askcam.server.access.rates import Rates
from askcam.server.answers import Answers
from askcam.server.asking import Asking
from askcam.server.attached.decoding import Decoding
from askcam.server.attached.fetching import Fetcher
from askcam.server.cameras import Cameras
from askcam.server.config_errors import CannotOpen, ConfigError
from askcam.server.core import Core
from askcam.server.feature import Feature, Given, ReadsCamera, reads_none
from askcam.server.gauges.build import BuildInfo
from askcam.server.gauges.engine import EngineGauges
from askcam.server.gauges.sign_in import SignInGauges
from askcam.server.metrics import Metrics
from askcam.server.model import Model
from askcam.server.models import Models
from askcam.server.people_config import not_there
from askcam.server.pictures import Pictures
from askcam.server.running import Running
from askcam.server.sessions import Sessions
from askcam.server.storage.health import Storage
from askcam.server.tools.box import Toolbox
from askcam.server.tools.installed import add_installed, built_in
from askcam.server.tools.mcp_servers import McpServers
from askcam.stream.sources.registry import resolve

log = logging.getLogger(__name__)


def build_core(config: Config, features: Sequence[Feature] = FEATURES, read: ReadsCamera = reads_none) -> Core:
    """Everything but the engine, which comes when it is loaded. `read`: of a camera that comes while it runs."""
    models = Models(*(Model(each.name, called, thinking=each.thinking) for called, each in config.all_models().items()))
    cameras = Cameras(models, config.limits, resolve)
    places = PlacesOf.of(config.limits, sum(each.max_waiting for each in config.all_models().values()))
    answers = Answers(config.answers.keep, config.answers.max_bytes)
    metrics = Metrics(cameras.all)
    server = config.server
    max_age_s = None if server.max_age_ms is None else server.max_age_ms / 1000
    storage = Storage()
    metrics.register(BuildInfo(models.usual), EngineGauges(models))
    ProcessCollector(registry=metrics.registry)
    tools = Toolbox()
    asking = Asking(
        models,
        cameras,
        answers,
        metrics,
        tools,
        config.tools.limits,
        max_chars=config.limits.max_question_chars,
        places=places.questions,
        max_age_s=max_age_s,
    )
    for tool in built_in(cameras):
        tools.add(tool)
    metrics.register(storage)
    core = Core(
        storage=storage,
        models=models,
        cameras=cameras,
        asking=asking,
        answers=answers,
        pictures=Pictures(),
        auth=Auth(
            config.known_tokens,
            allowed_origins=server.allowed_origins,
            signs_in=server.sign_in_header is not None,
        ),
        sign_in=config.sign_in(),
        metrics=metrics,
        limits=config.limits,
        places=places,
        proxies=TrustedProxies(server.trusted_proxies),
        questions=Rates(config.limits.questions),
        pushed_frames=Rates(config.limits.frames),
        tools=tools,
        mcp=McpServers(config.tools.mcp, tools),
        fetcher=Fetcher(config.fetch),
        decoding=Decoding(fit=models.usual.fit_picture),
        sessions=Sessions(max_parked=config.limits.max_parked_sessions, count=metrics.parked),
    )
    plug_in(core, config, features, read)
    core.metrics.register(SignInGauges(core.ignored_names))
    for said in (config.tokens, config.users):
        for name, camera in not_there(said, config.cameras):
            log.warning("%r may see the camera %r, which is not there, or not yet", name, camera)
    add_installed(tools)  # after ours: of several with one name the first is offered
    return core


def plug_in(core: Core, config: Config, features: Sequence[Feature], read: ReadsCamera = reads_none) -> None:
    """Build `features`, each after those that it needs, and take in what they bring. Raises ConfigError, CannotOpen."""
    for feature in in_order(features):
        if feature.build is None:
            continue
        sections = {name: config.sections.get(name, section.usual()) for name, section in feature.sections.items()}
        cameras = {name: camera.use.options for name, camera in config.cameras.items()}
        limits = {name: config.limits.options.get(name, limit.usual) for name, limit in feature.limits.items()}
        try:
            own = (config.model, config.models, read, tuple(config.tokens), config.tokens_folder)
            given = Given(sections, cameras, limits, *own)
            running = feature.build(core, given, core.features)
            core.features[feature.name] = running
            _take_in(core, running)
        except (ConfigError, CannotOpen):
            raise
        except Exception as exc:  # it may be another package's
            log.exception("building the feature %s failed", feature.name)
            raise CannotOpen(f"the feature {feature.name!r} cannot be built: {exc}") from exc


def _take_in(core: Core, running: Running) -> None:
    """What a feature brings goes where it belongs. Raises ValueError for names that are there already."""
    for tool in running.tools:
        core.tools.add(tool)
    core.metrics.register(*running.collectors)
    core.asking.consult(*running.tellers)
    core.asking.observe(*running.observers)
    core.visitors.extend(running.visitors)
    for name in running.answerers:
        if name in core.models:
            raise ConfigError(
                f"[models.{name}]: something else is asked by the name {name!r}: call the model otherwise"
            )
    core.asking.answerers.update(running.answerers)
    core.archives.extend(running.archives)
    core.realtime.extend(running.realtime)
    for name, look in running.stores.items():
        core.storage.watch(name, look)
    if running.gives_way is not None:
        core.storage.give(running.gives_way)


def in_order(features: Sequence[Feature]) -> Iterator[Feature]:
    """Those that others need go first. Raises graphlib.CycleError."""
    named = {feature.name: feature for feature in features}
    for name in TopologicalSorter({feature.name: feature.needs for feature in features}).static_order():
        assert name in named, f"a feature needs {name!r}, which is not there"
        yield named[name]
