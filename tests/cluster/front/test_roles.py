"""Who is what at the front is no more on a shard."""

import asyncio
from typing import Any

import pytest
from support.fronts import fronted
from support.servers.fake_shard import FakeShard, Heard, tell

from askcam.server.server_config import ServerConfig

FRONT = ServerConfig(port=0, token="front-viewer", admin_token="front-admin")
BOTH = {"shard-viewer": "viewer", "shard-admin": "admin"}
ASK = ("POST", "/v1/chat/completions", {"model": "lobby"})
REMOVE = ("DELETE", "/v1/cameras/lobby", None)
CREATE = ("POST", "/v1/watches", {"name": "door", "cameras": ["lobby"]})


async def says(request: Heard, writer: asyncio.StreamWriter) -> None:
    await tell(writer, 200, {"token": request.headers.get("authorization", "").removeprefix("Bearer ")})


def shard(roles: dict[str, str] | None) -> FakeShard:
    return FakeShard(["lobby"], answers={"": says}, roles=roles)


async def asked(
    roles: dict[str, str] | None, tokens: dict[str, Any], who: str, what: tuple[str, str, Any]
) -> tuple[int, Any]:
    """Status, and with which token it reached the shard, or the code of a refusal."""
    method, path, body = what
    async with fronted(shard(roles), server=FRONT, tokens=tokens) as (_, client):
        reply = await client.request(method, path, json=body, headers={"authorization": f"Bearer {who}"})
        told = reply.json()
        return reply.status_code, told.get("token", told.get("error", {}).get("code"))


@pytest.mark.parametrize(
    ("who", "what", "status", "reached"),
    [
        ("front-viewer", ASK, 200, "shard-viewer"),
        ("front-admin", ASK, 200, "shard-admin"),
        ("front-admin", REMOVE, 200, "shard-admin"),
        ("front-viewer", REMOVE, 403, "insufficient_permissions"),
        ("front-viewer", CREATE, 403, "insufficient_permissions"),
        ("shard-admin", ASK, 401, "invalid_api_key"),
        ("wrong", ASK, 401, "invalid_api_key"),
    ],
)
async def test_each_is_there_what_he_is_here(who: str, what: tuple[str, str, Any], status: int, reached: str) -> None:
    tokens = {"token": "shard-viewer", "admin_token": "shard-admin"}
    assert await asked(BOTH, tokens, who, what) == (status, reached)


async def test_an_admin_of_a_front_without_an_admins_token_is_told_what_is_missing() -> None:
    assert await asked(BOTH, {"token": "shard-viewer"}, "front-admin", REMOVE) == (403, "insufficient_permissions")
    assert await asked(BOTH, {"token": "shard-viewer"}, "front-admin", ASK) == (200, "shard-viewer")


@pytest.mark.parametrize(
    ("roles", "tokens"),
    [(None, {}), (BOTH, {"token": "shard-admin"}), ({"shard-viewer": "admin"}, {"token": "shard-viewer"})],
)
@pytest.mark.parametrize("what", [ASK, ("GET", "/v1/cameras/lobby", None), ("GET", "/v1/watches", None)])
async def test_where_a_viewer_would_be_an_admin_nobody_asks_as_one(
    roles: dict[str, str] | None, tokens: dict[str, Any], what: tuple[str, str, Any]
) -> None:
    assert await asked(roles, tokens, "front-viewer", what) == (503, "shard_roles")


@pytest.mark.parametrize(
    ("roles", "tokens", "remedy"),
    [(BOTH, {}, "ASKCAM_SHARD_TOKEN"), (BOTH, {"token": "not-its-own"}, "mend token_file")],
)
async def test_a_shard_that_refuses_the_front_is_down_and_says_what_to_do(
    roles: dict[str, str], tokens: dict[str, Any], remedy: str
) -> None:
    async with fronted(shard(roles), server=FRONT, tokens=tokens) as (front, client):
        assert remedy in front.core.directory.shards[0].health.why
        headers = {"authorization": "Bearer front-viewer"}
        reply = await client.get("/v1/cameras/lobby", headers=headers)
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "shard_down")
        assert "not-its-own" not in reply.text


async def test_where_shards_are_is_told_to_admins_only() -> None:
    tokens = {"token": "shard-viewer", "admin_token": "shard-admin"}
    async with fronted(shard(BOTH), server=FRONT, tokens=tokens) as (_, client):
        for who, told in (("front-viewer", False), ("front-admin", True)):
            reply = await client.get("/v1/shards", headers={"authorization": f"Bearer {who}"})
            assert ("url" in reply.json()["data"][0]) is told
            assert "shard-viewer" not in reply.text
        assert (await client.get("/v1/shards")).status_code == 401
        assert (await client.get("/readyz")).json() == {"status": "ready"}
