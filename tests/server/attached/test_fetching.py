"""Fetching from real web servers: what comes, what is refused, and what is never connected to."""

import asyncio
import base64
import contextlib
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.certificates import self_signed
from support.servers.sites import Reply, Web, png
from support.waiting import until

from askcam.server.attached import fetching
from askcam.server.attached.allowed import FetchConfig
from askcam.server.attached.content import picture_from_url
from askcam.server.attached.fetching import Fetcher, NamedPicture
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as web:
        web.page("/red.png", png())
        yield web


@contextlib.asynccontextmanager
async def fetcher(web: Web, **config: Any) -> AsyncIterator[Fetcher]:
    """One that may fetch from `web`, which is in this machine."""
    about = {"allow": (web.url("/"),), "private": ("127.0.0.1",), "timeout_s": 20.0} | config
    made = Fetcher(FetchConfig(**about))
    try:
        yield made
    finally:
        await made.close()


async def fetched(one: Fetcher, url: str, kind: fetching.Kind = "image") -> bytes:
    put: list[str] = []
    await one.put([NamedPicture(url, "messages[0].content[1]", kind, put.append)])
    assert put[0].startswith("data:;base64,")
    return base64.b64decode(put[0].partition(",")[2])


async def refused(one: Fetcher, url: str, code: str, words: str = "", kind: fetching.Kind = "image") -> str:
    with pytest.raises(Refusal) as caught:
        await fetched(one, url, kind)
    error = caught.value
    assert (on_wire(error).status, error.param, error.code) == (400, "messages[0].content[1]", code), error.message
    assert words in error.message
    assert "\n" not in error.message
    return error.message


async def test_a_picture_is_fetched_and_stands_where_its_address_stood(web: Web) -> None:
    put: list[str] = []
    async with fetcher(web) as one:
        await one.put([NamedPicture(web.url("/red.png?w=1"), "p", "image", put.append)])
    assert picture_from_url(put[0], "p").pixels[0, 0].tolist() == [215, 30, 45]
    assert web.asked == [("/red.png?w=1", f"127.0.0.1:{web.port}")]


async def test_what_is_sent_holds_nothing_of_ours(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with fetcher(web) as one:
        assert await fetched(one, web.url("/red.png")) == png()
    assert set(web.headers[0]) == {"Host", "User-Agent", "Accept-Encoding", "Connection"}


async def test_one_address_in_many_places_is_fetched_once(web: Web) -> None:
    put: list[str] = []
    async with fetcher(web) as one:
        await one.put([NamedPicture(web.url("/red.png"), f"p{i}", "image", put.append) for i in range(20)])
    assert len(put) == 20
    assert len(web.asked) == 1


async def test_what_stands_in_many_places_counts_in_each(web: Web) -> None:
    web.page("/a.png", bytes(600))
    async with fetcher(web, max_bytes=1024) as one:
        with pytest.raises(Refusal, match="max_bytes"):
            await one.put([NamedPicture(web.url("/a.png"), "p", "image", str) for _ in range(2)])


async def test_what_is_not_on_the_list_is_refused_and_never_asked(web: Web) -> None:
    async with fetcher(web, allow=(web.url("/pictures/"),)) as one:
        said = await refused(one, web.url("/red.png?key=secret"), "unsupported_url", "not allowed under [fetch]")
        await refused(one, f"http://me:secret@127.0.0.1:{web.port}/red.png", "unsupported_url", "credentials")
    assert "send it as a data URL" in said
    assert "secret" not in said
    assert web.asked == []


async def test_a_host_that_is_in_this_machine_is_not_connected_to_unless_it_is_named_private(web: Web) -> None:
    async with fetcher(web, private=()) as one:
        await refused(one, web.url("/red.png"), "unsupported_url", "not in the internet at large")
    assert web.asked == []


async def test_a_name_that_leads_into_the_house_is_not_connected_to(web: Web) -> None:
    url = f"http://shop.example:{web.port}/red.png"
    for found in (["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"]):
        one = Fetcher(FetchConfig(allow=(url,)), look_up=lambda host, port, found=found: found)  # type: ignore[misc]
        await refused(one, url, "unsupported_url", "private")
        await one.close()
    assert web.asked == []


async def test_a_name_is_looked_up_once_and_the_answer_is_what_is_connected_to(web: Web) -> None:
    """A second look-up would be told another address: that is how rebinding works."""
    answers = iter([["127.0.0.1"], ["192.0.2.1"], ["192.0.2.2"]])
    url = f"http://shop.example:{web.port}/red.png"
    one = Fetcher(FetchConfig(allow=(url,), private=("shop.example",)), look_up=lambda host, port: next(answers))
    assert await fetched(one, url) == png()
    await one.close()
    assert web.asked == [("/red.png", f"shop.example:{web.port}")]
    assert next(answers) == ["192.0.2.1"]


async def test_a_name_nobody_knows_is_told(web: Web) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("nobody knows")

    one = Fetcher(FetchConfig(allow=("shop.example",)), look_up=unknown)
    await refused(one, "https://shop.example/a.jpg", "fetch_failed", "'shop.example' is not known")
    await one.close()


async def test_a_redirect_is_followed_where_it_may_lead(web: Web) -> None:
    for i in range(1, 4):
        web.page(f"/{i}", b"", status=302, Location=f"/{i - 1}" if i > 1 else "/red.png#top")
    web.page("/4", b"", status=307, Location=web.url("/3"))
    async with fetcher(web) as one:
        assert await fetched(one, web.url("/3")) == png()
        await refused(one, web.url("/4"), "fetch_failed", "more than 3 times")


async def test_a_redirect_off_the_list_or_into_the_house_is_not_followed(web: Web) -> None:
    with Web() as other:
        other.page("/red.png", png())
        web.page("/off", b"", status=302, Location=other.url("/red.png"))
        web.page("/in", b"", status=302, Location=f"http://inner.example:{other.port}/red.png")
        web.page("/scheme", b"", status=302, Location="file:///etc/passwd")
        web.page("/nowhere", b"", status=302)
        config = FetchConfig(
            allow=(web.url("/"), f"http://inner.example:{other.port}/"), private=("127.0.0.1",), timeout_s=20
        )
        one = Fetcher(config, look_up=lambda host, port: ["127.0.0.1"])
        await refused(one, web.url("/off"), "unsupported_url", "which is not allowed under [fetch]")
        await refused(one, web.url("/in"), "unsupported_url", "'inner.example' is at 127.0.0.1")
        await refused(one, web.url("/scheme"), "unsupported_url", "neither http nor https")
        await refused(one, web.url("/nowhere"), "fetch_failed", "more than 3 times")
        await one.close()
        assert other.asked == []


def endless(reply: Reply) -> None:
    reply.begin("image/png")
    while not reply.server.web.closing.is_set():
        reply.wfile.write(bytes(1 << 16))


def dripping(reply: Reply) -> None:
    reply.begin("image/png", headers={"Content_Length": "1000"})
    while not reply.server.web.closing.wait(0.05):
        reply.wfile.write(b"\0")
        reply.wfile.flush()


def silent(reply: Reply) -> None:
    reply.server.web.closing.wait()


def hanging_up(reply: Reply) -> None:
    reply.begin("image/png", headers={"Content_Length": "1000"})
    reply.wfile.write(b"\0")


def no_http(reply: Reply) -> None:
    reply.close_connection = True
    reply.wfile.write(b"SSH-2.0-OpenSSH_9.0\r\n")


def without_end_of_head(reply: Reply) -> None:
    reply.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not reply.server.web.closing.is_set():
        reply.wfile.write(b"X: " + b"y" * 1000 + b"\r\n")


async def test_a_body_without_end_is_let_go_at_the_bound(web: Web) -> None:
    web.pages["/endless.png"] = endless
    async with fetcher(web, max_bytes=1 << 20) as one:
        await refused(one, web.url("/endless.png"), "too_large", "max_bytes")


async def test_a_file_that_says_it_is_too_large_is_not_read(web: Web) -> None:
    web.pages["/large.png"] = lambda reply: reply.begin("image/png", headers={"Content_Length": str(9 << 20)})
    async with fetcher(web) as one:
        await refused(one, web.url("/large.png"), "too_large", "9,437,184 bytes")


async def test_the_files_of_one_message_are_bounded_together(web: Web) -> None:
    web.page("/a.png", bytes(700))
    web.page("/b.png", bytes(700))
    async with fetcher(web, max_bytes=1024) as one:
        assert len(await fetched(one, web.url("/a.png"))) == 700
        with pytest.raises(Refusal, match="max_bytes"):
            await one.put([NamedPicture(web.url(f"/{name}.png"), "p", "image", str) for name in "ab"])


@pytest.mark.parametrize("page", [dripping, silent])
async def test_a_server_that_is_slow_is_given_up_in_time(web: Web, page: Callable[[Reply], None]) -> None:
    web.pages["/slow.png"] = page
    async with fetcher(web, timeout_s=0.5) as one:
        await refused(one, web.url("/slow.png"), "fetch_failed", "timeout_s")


async def test_a_look_up_that_hangs_is_given_up_in_time_and_holds_nobody_up(web: Web) -> None:
    over = threading.Event()

    def stuck(host: str, port: int) -> list[str]:
        over.wait(60)
        return []

    one = Fetcher(FetchConfig(allow=("shop.example",), timeout_s=0.3), look_up=stuck)
    await refused(one, "https://shop.example/a.jpg", "fetch_failed", "timeout_s")
    over.set()
    await one.close()


@pytest.mark.parametrize("page", [hanging_up, no_http, without_end_of_head])
async def test_a_server_that_breaks_the_rules_is_told_about(web: Web, page: Callable[[Reply], None]) -> None:
    web.pages["/broken.png"] = page
    async with fetcher(web) as one:
        await refused(one, web.url("/broken.png"), "fetch_failed", "cannot be fetched")


async def test_nobody_there_is_told(web: Web) -> None:
    with Web() as gone:
        url = gone.url("/red.png")
    async with fetcher(web, allow=(url,)) as one:
        await refused(one, url, "fetch_failed", "cannot be fetched")


async def test_what_is_no_picture_is_refused_by_its_type_or_by_its_bytes(web: Web) -> None:
    web.page("/page", b"<html>", "text/html; charset=utf-8")
    web.page("/packed.png", png(), Content_Encoding="gzip")
    web.page("/empty.png", b"")
    web.page("/lie.png", b"<html>", "image/png")
    web.page("/untyped", png(), "")
    async with fetcher(web) as one:
        await refused(one, web.url("/page"), "invalid_image", "'text/html', no image")
        await refused(one, web.url("/red.png"), "invalid_video", "no video", kind="video")
        await refused(one, web.url("/packed.png"), "fetch_failed", "packs")
        await refused(one, web.url("/empty.png"), "fetch_failed", "no bytes")
        await refused(one, web.url("/gone.png"), "fetch_failed", "status 404")
        assert await fetched(one, web.url("/untyped")) == png()
        lie = base64.b64encode(await fetched(one, web.url("/lie.png"))).decode()
    with pytest.raises(Refusal, match="not a picture"):
        picture_from_url(f"data:;base64,{lie}", "p")


async def test_the_bounds_on_addresses_and_on_what_is_under_way_are_kept(web: Web) -> None:
    web.pages["/slow.png"] = silent
    async with fetcher(web, max_addresses=2, max_at_once=1) as one:
        with pytest.raises(Refusal, match="2 addresses"):
            await one.put([NamedPicture(web.url(f"/{i}.png"), "p", "image", str) for i in range(3)])
        async with asyncio.TaskGroup() as group:
            first = group.create_task(refused(one, web.url("/slow.png"), "fetch_failed"))
            await asyncio.to_thread(until, lambda: web.asked, "the first request")
            with pytest.raises(Refusal) as caught:
                await fetched(one, web.url("/red.png"))
            assert (on_wire(caught.value).status, caught.value.code) == (429, "busy")
            web.closing.set()
        assert first.result()
        assert await fetched(one, web.url("/red.png")) == png()


async def test_a_client_that_goes_away_ends_the_fetching(web: Web) -> None:
    web.pages["/slow.png"] = silent
    async with fetcher(web, max_at_once=1) as one:
        task = asyncio.ensure_future(fetched(one, web.url("/slow.png")))
        await asyncio.to_thread(until, lambda: web.asked, "the first request")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await fetched(one, web.url("/red.png")) == png()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """For shop.example: the chain and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"), "shop.example", "DNS:shop.example")


async def test_tls_proves_the_name_that_was_asked_for_at_the_address_that_was_found(
    certificate: tuple[Path, Path],
) -> None:
    trusted = ssl.create_default_context(cafile=certificate[0])
    with Web(tls=certificate) as web:
        web.page("/red.png", png())
        hosts = ("shop.example", "other.example")
        config = FetchConfig(allow=tuple(f"https://{host}:{web.port}/" for host in hosts), private=hosts, timeout_s=20)
        one = Fetcher(config, tls=trusted, look_up=lambda host, port: ["127.0.0.1"])
        assert await fetched(one, web.url("/red.png", "shop.example")) == png()
        await refused(one, web.url("/red.png", "other.example"), "fetch_failed", "certificate")
        await one.close()
        suspicious = Fetcher(config, look_up=lambda host, port: ["127.0.0.1"])
        await refused(suspicious, web.url("/red.png", "shop.example"), "fetch_failed", "certificate")
        await suspicious.close()
        assert web.asked == [("/red.png", f"shop.example:{web.port}")]


async def test_a_picture_whose_length_nobody_states_is_read_to_its_end_and_no_further_than_others(web: Web) -> None:
    def give(data: bytes) -> Callable[[Reply], None]:
        def page(reply: Reply) -> None:
            reply.begin("image/png")
            with contextlib.suppress(OSError):
                reply.wfile.write(data)

        return page

    def in_chunks(reply: Reply) -> None:
        reply.begin("image/png", headers={"Transfer_Encoding": "chunked"})
        for at in range(0, len(png()), 100):
            piece = png()[at : at + 100]
            reply.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        reply.wfile.write(b"0\r\n\r\n")

    most = fetching.MAX_BYTES["image"]
    web.pages |= {"/plain.png": give(png()), "/chunks.png": in_chunks, "/more.png": give(bytes(most + 1))}
    async with fetcher(web, max_bytes=2 * most) as one:
        assert await fetched(one, web.url("/plain.png")) == png()
        assert await fetched(one, web.url("/chunks.png")) == png()
        await refused(one, web.url("/more.png"), "too_large", f"more than {most:,} bytes")
