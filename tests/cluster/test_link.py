"""Between a front and a shard, over TLS: what is wrong with it is said with its remedy, and no token goes out."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.certificates import EXPIRED, Authority
from support.servers.fake_shard import FakeShard, running

from askcam.client.address import Address
from askcam.cluster.link import LinkError, ShardLink

TOKEN = b"token-of-shards-12345"
SOON_S = 30.0  # of a link that gives a connection one second


@dataclass(frozen=True)
class Pki:
    """Two authorities, and what each has signed for 127.0.0.1."""

    ours: Authority
    theirs: Authority

    def context(self, name: str, alternative: str = "IP:127.0.0.1", days: int = 2) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.ours.signed(name, alternative, days))
        return context


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(Authority(tmp_path_factory.mktemp("ours")), Authority(tmp_path_factory.mktemp("theirs")))


async def asked(url: str, ca: Path | None) -> int:
    link = ShardLink(Address.parse(url), ca, 1.0)
    try:
        async with link.asked("GET", b"/readyz", [(b"authorization", b"Bearer " + TOKEN)]) as reply:
            await reply.whole(1 << 20)
            return reply.status
    finally:
        await link.close()


async def trouble(url: str, ca: Path | None) -> LinkError:
    begun = time.monotonic()
    with pytest.raises(LinkError) as failed:
        await asked(url, ca)
    assert time.monotonic() - begun < SOON_S
    assert TOKEN.decode() not in str(failed.value)
    return failed.value


@asynccontextmanager
async def listening(answer: bytes | None) -> AsyncIterator[tuple[int, bytearray]]:
    """What knows no TLS: it answers so, or never (None). Its port, and all that it heard."""
    heard, ended = bytearray(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1 << 16))
        if answer is not None:
            writer.write(answer)
            await writer.drain()
        await reader.read()  # until the other side has enough
        writer.close()
        await writer.wait_closed()
        ended.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heard
        await ended.wait()


async def test_who_is_signed_by_the_authority_that_is_named_is_asked(pki: Pki) -> None:
    async with running(FakeShard(), tls=pki.context("fine")) as shard:
        assert await asked(shard.url, pki.ours.ca) == 200


@pytest.mark.parametrize(
    ("context", "ca", "said"),
    [
        (lambda pki: pki.context("stranger"), lambda pki: pki.theirs.ca, "not trusted"),
        (lambda pki: pki.context("unknown"), lambda pki: None, "name who has signed it as ca"),
        (lambda pki: pki.context("old", days=EXPIRED), lambda pki: pki.ours.ca, "has expired: renew it there"),
        (lambda pki: pki.context("ip", "IP:10.9.9.9"), lambda pki: pki.ours.ca, "for another name"),
        (lambda pki: pki.context("dns", "DNS:gpu1"), lambda pki: pki.ours.ca, "use an address that it names"),
    ],
    ids=["another authority", "an authority that nobody knows", "expired", "another address", "a name, not an address"],
)
async def test_who_is_not_trusted_is_told_why_and_hears_nothing(
    pki: Pki, context: Callable[[Pki], ssl.SSLContext], ca: Callable[[Pki], Path | None], said: str
) -> None:
    async with running(FakeShard(), tls=context(pki)) as shard:
        failed = await trouble(shard.url, ca(pki))
        assert shard.heard == []
    assert said in str(failed)
    assert "nothing answers" not in str(failed)
    assert (failed.refused, failed.closed) == (True, False)  # it is there: its cameras are nobody else's


async def test_where_https_is_said_nothing_goes_out_in_the_clear(pki: Pki) -> None:
    async with listening(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n") as (port, heard):
        failed = await trouble(f"https://127.0.0.1:{port}", pki.ours.ca)
    assert "speaks no TLS" in str(failed)
    assert heard[:1] == b"\x16"  # a handshake
    assert TOKEN not in heard
    assert b"/readyz" not in heard


async def test_who_never_answers_a_handshake_is_waited_for_no_longer_than_for_a_connection(pki: Pki) -> None:
    async with listening(None) as (port, _):
        failed = await trouble(f"https://127.0.0.1:{port}", pki.ours.ca)
    assert failed.refused
    assert "does not answer a TLS handshake" in str(failed)


async def test_who_wants_https_and_is_asked_over_http_is_said_to(pki: Pki) -> None:
    async with running(FakeShard(), tls=pki.context("over-http")) as shard:
        failed = await trouble(shard.url.replace("https", "http"), None)
    assert "begins with https://" in str(failed)
