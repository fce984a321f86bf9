"""JPEGs without an end, from real servers in the forms in which cameras send them."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image
from support.odd_stills import encoded, many_scans

from askcam.stream.errors import SourceError
from askcam.stream.sources.base import Counting, Interruptible, Patient, Source
from askcam.stream.sources.registry import resolve

LEVELS = (20, 90, 160, 230)
PLAIN = [encoded(Image.new("RGB", (64, 48), (n, n, n)), "JPEG") for n in LEVELS]


@contextmanager
def sending(kind: str, chunks: list[bytes], *, chunked: bool = False) -> Iterator[str]:
    """A server that sends `chunks` once, and then says nothing more; gives its address."""
    over = threading.Event()

    class Camera(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if chunked else "HTTP/1.0"

        def log_message(self, format: str, *args: object) -> None:
            """A test's output is the test's."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            if chunked:
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in chunks:
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" if chunked else chunk)
            over.wait(60)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/video"
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def part(jpeg: bytes, head: bytes = b"--x\r\nContent-Type: image/jpeg\r\n\r\n") -> bytes:
    return head + jpeg + b"\r\n"


@contextmanager
def opened(uri: str, silence_s: float | None = None) -> Iterator[Source]:
    source = resolve(uri).make()
    if silence_s is not None:
        assert isinstance(source, Patient)
        source.allow_silence(silence_s)
    try:
        source.open()
        yield source
    finally:
        source.close()


def level(source: Source) -> int:
    picture = source.read(True)
    assert picture is not None
    return int(picture.rgb().mean())


FORMS = {
    "multipart": ("multipart/x-mixed-replace; boundary=x", b"--x\r\nContent-Type: image/jpeg\r\n\r\n"),
    "a boundary that is none": ("multipart/x-mixed-replace; boundary=--other", b"--x\r\n\r\n"),
    "no boundary": ("Multipart/X-Mixed-Replace", b"\r\n"),
    "a length that lies": ("multipart/x-mixed-replace;boundary=x", b"--x\r\nContent-Length: 7\r\n\r\n"),
    "mixed": ('multipart/mixed; boundary="x"', b"--x\r\n\r\n"),
    "one after the other": ("video/x-motion-jpeg", b""),
}


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_pictures_come_in_whatever_form(form: str, chunked: bool) -> None:
    kind, head = FORMS[form]
    with sending(kind, [part(jpeg, head) for jpeg in PLAIN], chunked=chunked) as uri, opened(uri) as source:
        assert abs(level(source) - LEVELS[-1]) < 4  # they come at once: the last one is what there is


@pytest.mark.parametrize("bad", ["scans", "size", "damaged"])
def test_a_first_picture_that_would_take_hours_or_is_none_is_left_out_and_counted(bad: str) -> None:
    odd = {
        "scans": lambda: many_scans(encoded(Image.new("RGB", (64, 48)), "JPEG", progressive=True), 200),
        "size": lambda: encoded(Image.new("L", (4100, 4100)), "JPEG"),
        "damaged": lambda: PLAIN[1][:2] + PLAIN[1][20:],
    }[bad]()
    kind, head = FORMS["multipart"]
    with sending(kind, [part(odd, head), part(PLAIN[0], head)]) as uri, opened(uri) as source:
        assert abs(level(source) - LEVELS[0]) < 4
        assert isinstance(source, Counting)
        assert source.dropped["undecodable"] >= (bad != "damaged")


def test_parts_that_are_no_jpegs_are_named() -> None:
    png = encoded(Image.effect_noise((600, 600), 90), "PNG")
    kind = "multipart/x-mixed-replace; boundary=x"
    with (
        sending(kind, [part(png)] * 4) as uri,
        opened(uri) as source,
        pytest.raises(SourceError, match="sends parts that are no JPEGs"),
    ):
        source.read(True)


def test_a_read_that_waits_is_woken() -> None:
    with sending("multipart/x-mixed-replace; boundary=x", [part(PLAIN[0])]) as uri, opened(uri, 600.0) as source:
        level(source)
        assert isinstance(source, Interruptible)
        waker = threading.Timer(0.2, source.interrupt)
        waker.start()
        began = time.monotonic()
        with contextlib.suppress(SourceError):  # as the interface says: nothing, or that the connection is gone
            assert source.read(True) is None
        waker.join()
        assert time.monotonic() - began < 300  # where it would be 600
