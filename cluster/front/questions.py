"""Questions over HTTP: to the shard of their camera; those that are about no camera to any that can answer."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.cameras import shard_of
from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.errors import SeveralShards
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.server.access.sizes import check_values
from askcam.server.answering.several import ALL
from askcam.server.errors import Invalid, NotFound
from askcam.server.given_names import quoted
from askcam.server.wire.bodies import read_aside
from askcam.server.wire.endpoint import Endpoint

MODEL = "askcam"  # the usual model of any shard


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


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory

    async def asked(request: Request) -> Response:
        """A chat completion."""
        core.admit_question(request)
        found = await read_aside(await request.body(), who)
        return await core.relay(await by_model(request, found), request)

    async def responded(request: Request) -> Response:
        core.admit_question(request)
        found = await read_aside(await request.body(), who)
        before = found.previous_response_id if found is not None else None
        if not isinstance(before, str) or not before:
            return await core.relay(await by_model(request, found), request)
        try:
            kept = await directory.find(f"/v1/responses/{before}", role_of(request))
        except NotFound as exc:
            raise Invalid(
                f"there is no response {quoted(before)}, or it is not kept any more: send the whole conversation",
                "previous_response_id",
                "previous_response_not_found",
            ) from exc
        model = None if found is None else found.model
        if isinstance(model, str) and not directory.has(model) and (model == MODEL or kept.has_model(model)):
            return await core.relay(kept, request)
        shard = await by_model(request, found)
        if shard is not kept:
            raise Invalid(
                f"the response {quoted(before)} is kept on shard {kept.name!r}, and {model!r} is on "
                f"{shard.name!r}: send the whole conversation",
                "previous_response_id",
                "previous_response_not_found",
            )
        return await core.relay(shard, request)

    async def by_model(request: Request, found: WhoIsAsked | None) -> FrontShard:
        model = None if found is None else found.model
        if not isinstance(model, str) or not model or model == MODEL:
            return directory.any()
        if model == ALL and not directory.has(ALL):
            return _all()
        if (shard := directory.with_model(model)) is not None:
            return shard
        return await shard_of(core, model, request)

    def _all() -> FrontShard:
        """The one shard that has cameras. Raises SeveralShards."""
        shards = [shard for shard in directory.shards if shard.cameras] or [directory.any()]
        if len(shards) > 1:
            raise SeveralShards(
                f"the cameras are on several shards ({', '.join(shard.name for shard in shards)}), which POST /v1/ask "
                "asks together: send it {question, cameras}, or ask one camera by its name",
                "model",
            )
        return shards[0]

    return [
        route("POST", "/v1/chat/completions", asked),
        route("POST", "/v1/responses", responded),
    ]
