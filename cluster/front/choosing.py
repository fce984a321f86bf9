"""Whom a question is for: a shard, or cameras of several."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request

from askcam.cluster.front.asking import MODEL, Several
from askcam.cluster.front.cameras import shard_of
from askcam.cluster.front.core import FrontCore
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.server.access.sizes import check_values
from askcam.server.answering.several import ALL, check_number
from askcam.server.errors import Refusal, Unavailable


def choose(core: FrontCore, names: Sequence[str] | None) -> Several:
    """`names`: of the cameras; None: all. Raises Refusal: where none can be asked, why."""
    directory = core.directory
    where: dict[str, FrontShard] = {}
    refused: dict[str, Refusal] = {}
    for name in directory.cameras() if names is None else names:
        try:
            where[name] = directory.owner_of(name)
        except Unavailable as exc:
            if not directory.table.wants(name):
                raise
            refused[name] = exc
    if refused and not where:
        raise next(iter(refused.values()))
    unmet = [shard for shard in directory.shards if not shard.up and not shard.cameras] if names is None else []
    return Several(where, refused, unmet if where else ())


def enter(core: FrontCore, request: Request, several: Several) -> None:
    """A place for a question to cameras of several shards, and a look at who asks. Raises Refusal."""
    check_number(len(several.where) + len(several.refused))
    for shard in several.shards:
        shard.check_role(role_of(request))
    core.enter(core.several, request)


class WhoIsAsked(msgspec.Struct):
    """What of a body decides where it goes; the shard reads it all, and says what is wrong with it."""

    model: Any = None
    cameras: Any = None  # of POST /v1/ask
    previous_response_id: Any = None


def who(data: bytes) -> WhoIsAsked | None:
    """None: it is no object, which the shard will say. Raises Invalid for what is too much to be read."""
    check_values(data)
    try:
        return msgspec.json.decode(data, type=WhoIsAsked)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


async def asked_by_model(core: FrontCore, request: Request, model: Any) -> FrontShard | Several:
    """Whom a question under that name is for; Several: cameras of several shards. Raises Refusal."""
    directory = core.directory
    if not isinstance(model, str) or not model or model == MODEL:
        return directory.any()
    if model == ALL and not directory.has(ALL):
        several = choose(core, None)
        return next(iter(several.shards), directory.any()) if several.single else several
    if (shard := directory.with_model(model)) is not None:
        return shard
    return await shard_of(core, model, request)
