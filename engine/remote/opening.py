"""From a configuration to an engine over somebody else's server: found, proven, ready. Reads no torch."""

import contextlib
import logging
from pathlib import Path

from askcam.engine.errors import EngineFailure, ModelError
from askcam.engine.families.known import FAMILIES
from askcam.engine.families.spec import Facts, FamilySpec
from askcam.engine.interface import Check, Engine, EngineConfig, ModelInfo, Progress
from askcam.engine.remote.dialects import Dialect, Shape
from askcam.engine.remote.encoding import Encoder
from askcam.engine.remote.engine import RemoteEngine
from askcam.engine.remote.loop import LoopThread
from askcam.engine.remote.place import ServerPlace, check_key, check_url
from askcam.engine.remote.probe import Prober, Proven, ServedModel, find_dialect, find_served
from askcam.engine.remote.transport import Transport
from askcam.engine.remote.vocabulary import ServerVocabulary, TokenizerFile, UnknownVocabulary, Vocabulary

log = logging.getLogger("askcam.engine")

UNTOLD_CONTEXT = 32_768  # tokens, of a model whose server does not say
PROOFS = 10  # requests, at most, each of which may take first_s
CLOSE_S = 5.0
WORDS = ("Yes", "No")  # whose logprobs are asked for as a proof


def open_remote(config: EngineConfig, progress: Progress | None = None) -> Engine:
    """Find the model behind `config.url` and prove its server (probe.py). Blocks for as long as that takes. Raises
    ModelError."""
    progress = progress or (lambda what, share: None)
    assert config.url is not None, "opened by url"
    place, spec = check_url(config.url), family_spec(config)
    check_key(config.key or "", config.key_name)
    if place.exposed:
        log.warning(
            "%s is another machine, asked without TLS: what cameras show, and the key, can be read on the way; use "
            "https:// or a tunnel",
            place.shown,
        )
    loop = LoopThread("askcam-engine")
    transport = loop.wait_for(_made(place, config), config.first_s)
    try:
        return _opened(config, spec, transport, loop, progress)
    except BaseException as exc:
        with contextlib.suppress(EngineFailure):
            loop.wait_for(transport.close(), CLOSE_S)
        loop.stop()
        if isinstance(exc, EngineFailure):
            raise ModelError(str(exc)) from exc
        raise


def _opened(
    config: EngineConfig, spec: FamilySpec, transport: Transport, loop: LoopThread, progress: Progress
) -> RemoteEngine:
    progress(f"asking {transport.place.shown} for its models", 0.0)
    served = loop.wait_for(find_served(transport, config.model or None), config.first_s + 1)
    transport.model = served.name
    dialect = loop.wait_for(find_dialect(transport, config.dialect, served), config.first_s + 1)
    vocabulary = _vocabulary(config, dialect, transport, loop)
    max_pairs = _max_pairs(config, dialect)
    ids = _ids(vocabulary, dialect)
    proof = Prober(transport, dialect, spec, Encoder(config.pictures)).prove(max_pairs, ids, progress)
    proven = loop.wait_for(proof, PROOFS * config.first_s)
    info = _info(config, transport.place, served, proven, max_pairs)
    engine = RemoteEngine(info, config, spec, proven, transport, vocabulary, loop)
    progress("ready", 1.0)
    return engine


def family_spec(config: EngineConfig) -> FamilySpec:
    """How pictures are made to fit the family, without any file of the model. Raises ModelError."""
    if config.family not in FAMILIES:
        raise ModelError(f"there is no family {config.family!r}; known: {', '.join(FAMILIES)}")
    facts = Facts(
        config={"vision_config": {}},
        frame=None,
        still=None,
        min_pixels=config.min_pixels,
        max_pixels=config.max_pixels,
        still_min_pixels=config.still_min_pixels,
        still_max_pixels=config.still_max_pixels,
    )
    try:
        return FAMILIES[config.family](facts)
    except ValueError as exc:
        raise ModelError(str(exc)) from exc


async def _made(place: ServerPlace, config: EngineConfig) -> Transport:
    """On the loop that owns it."""
    return Transport(place, config.key, config.first_s, config.max_answering + PROOFS, config.model, config.key_name)


def _vocabulary(config: EngineConfig, dialect: Dialect, transport: Transport, loop: LoopThread) -> Vocabulary:
    if config.tokenizer is not None:
        return TokenizerFile(Path(config.tokenizer).expanduser())
    if dialect.tokenizes:
        return ServerVocabulary(transport, lambda what: loop.wait_for(what, config.first_s + 1))
    return UnknownVocabulary()


def _ids(vocabulary: Vocabulary, dialect: Dialect) -> list[int]:
    """Two tokens to prove by; none where none is known."""
    if dialect.logprobs != "any" or isinstance(vocabulary, UnknownVocabulary):
        return []
    return [token for token in vocabulary.tokens(WORDS) if token is not None]


def _max_pairs(config: EngineConfig, dialect: Dialect) -> int:
    most = dialect.most_frames // 2
    if config.max_pairs is not None and not 2 <= config.max_pairs <= most:
        raise ModelError(
            f"max_pairs is {config.max_pairs}; {dialect.title} takes windows of 2 to {most} pairs ({2 * most} frames)"
        )
    found = config.max_pairs or min(dialect.usual_pairs, most)
    if config.pictures != "jpeg" and dialect.shape(2 * found) is Shape.MP4:
        as_pictures = max((num for num, shape in dialect.windows if shape is not Shape.MP4), default=0) // 2
        helps = f"max_pairs = {as_pictures} at most" if as_pictures > 1 else "leave it out"
        raise ModelError(
            f"pictures = {config.pictures!r} is for windows that are sent as pictures; {found} pairs go to "
            f"{dialect.title} as a film, which is H.264: {helps}"
        )
    return found


def _info(config: EngineConfig, place: ServerPlace, served: ServedModel, proven: Proven, max_pairs: int) -> ModelInfo:
    version = f" {proven.version}" if proven.version else ""
    note = f"what cameras show is sent to {place.shown}, where {served.name} answers"
    if proven.dialect.shape(2 * max_pairs) is Shape.IMAGES:
        note += "; frames go as single pictures, which is another question to a model than a video"
    return ModelInfo(
        id=served.name,
        family=config.family,
        backend="remote",
        device=place.netloc,
        dtype="",
        num_parameters=0,
        max_pairs=max_pairs,
        context_tokens=served.context_tokens or UNTOLD_CONTEXT,
        note=note,
        checks=(Check("server", True, f"{proven.dialect.title}{version} at {place.shown}"), *proven.checks),
    )
