"""A small RTSP camera for tests, a process of its own: H.264 over TCP, from any scene of scenes.py or from a file.

    minirtsp.py [--port N] [--fps F] [--kbps N] [--gop N] [--auth basic|digest --user U --password P] SCENE | file:PATH

Prints "READY PORT" once it listens. Obeys lines on stdin: "stall" and "go" stop and resume the picture, "close" hangs
up on everybody, "quit" (or the end of stdin) ends it. Any path is the camera. `--clock-error S` makes its sender
reports wrong by S seconds.
"""

import argparse
import asyncio
import base64
import fractions
import hashlib
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator

import av
import av.bitstream
from support.servers import scenes
from support.servers.rtp import Packer, nal_units

_BACKLOG = 4_000_000  # bytes waiting for a slow client, beyond which it misses frames until a keyframe

AccessUnit = tuple[bytes, float, bool]  # Annex B, wall clock, whether a keyframe


class Subscriber:
    """One client that plays."""

    def __init__(self, writer: asyncio.StreamWriter, channel: int) -> None:
        self.writer, self.packer = writer, Packer(channel)
        self._behind = True  # until a keyframe

    def send(self, units: list[bytes], wall: float, key: bool) -> None:
        if self.writer.transport.is_closing():
            return
        waiting = self.writer.transport.get_write_buffer_size()
        if waiting > _BACKLOG or (self._behind and not key):
            self._behind = True
            return
        self._behind = False
        self.writer.write(self.packer.pack(units, wall))


class Camera:
    """What is shown, and to whom. Owned by the event loop."""

    def __init__(self, clock_error_s: float) -> None:
        self.subscribers: set[Subscriber] = set()
        self.stalled = False
        self.parameters: dict[int, bytes] = {}  # 7: SPS, 8: PPS
        self.ready = asyncio.Event()
        self._clock_error_s = clock_error_s

    def publish(self, unit: AccessUnit) -> None:
        data, wall, key = unit
        units = nal_units(data)
        self.parameters |= {nal[0] & 31: nal for nal in units if nal[0] & 31 in (7, 8)}
        if len(self.parameters) == 2:
            self.ready.set()
        if not self.stalled:
            for subscriber in self.subscribers:
                subscriber.send(units, wall + self._clock_error_s, key)

    def sdp(self) -> bytes:
        sps, pps = self.parameters[7], self.parameters[8]
        sets = f"{base64.b64encode(sps).decode()},{base64.b64encode(pps).decode()}"
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=minirtsp",
            "t=0 0",
            "a=control:*",
            "m=video 0 RTP/AVP 96",
            "c=IN IP4 0.0.0.0",
            "a=rtpmap:96 H264/90000",
            f"a=fmtp:96 packetization-mode=1;profile-level-id={sps[1:4].hex()};sprop-parameter-sets={sets}",
            "a=control:streamid=0",
        ]
        return "".join(f"{line}\r\n" for line in lines).encode()


class Door:
    """Who may come in: everybody, or who knows the password."""

    def __init__(self, kind: str | None, user: str, password: str) -> None:
        self.kind, self._user, self._password = kind, user, password
        self._nonce = secrets.token_hex(8)

    def opens(self, method: str, given: str) -> bool:
        """Whether an Authorization header lets a request pass."""
        if self.kind is None:
            return True
        if self.kind == "basic":
            return given == "Basic " + base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        fields = dict(part.split("=", 1) for part in given.removeprefix("Digest ").split(", ") if "=" in part)
        fields = {name.strip(): value.strip('"') for name, value in fields.items()}
        one = _md5(f"{self._user}:minirtsp:{self._password}")
        two = _md5(f"{method}:{fields.get('uri', '')}")
        return fields.get("response") == _md5(f"{one}:{self._nonce}:{two}")

    @property
    def challenge(self) -> str:
        if self.kind == "basic":
            return 'WWW-Authenticate: Basic realm="minirtsp"\r\n'
        return f'WWW-Authenticate: Digest realm="minirtsp", nonce="{self._nonce}"\r\n'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


async def serve(camera: Camera, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, until it ends."""
    subscriber: Subscriber | None = None
    try:
        while True:
            first = await reader.readexactly(1)
            if first == b"$":  # the client's own RTCP
                await reader.readexactly(int.from_bytes((await reader.readexactly(3))[1:]))
                continue
            request = (first + await reader.readuntil(b"\r\n\r\n")).decode()
            line, *rest = request.split("\r\n")
            method, url, _ = line.split(" ", 2)
            headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
            await reader.readexactly(int(headers.get("content-length") or 0))
            status, extra, body = "200 OK", "", b""
            if method == "OPTIONS":
                extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n"
            elif not door.opens(method, headers.get("authorization", "")):
                status, extra = "401 Unauthorized", door.challenge
            elif method == "DESCRIBE":
                await camera.ready.wait()
                body = camera.sdp()
                extra = f"Content-Base: {url.rstrip('/')}/\r\nContent-Type: application/sdp\r\n"
            elif method == "SETUP":
                transport = headers.get("transport", "")
                if "TCP" not in transport:
                    status = "461 Unsupported Transport"
                else:
                    channel = int(transport.partition("interleaved=")[2].partition("-")[0] or 0)
                    subscriber = Subscriber(writer, channel)
                    extra = (
                        f"Transport: RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}\r\n"
                        "Session: 1;timeout=60\r\n"
                    )
            else:
                extra = "Session: 1\r\n"
            head = (
                f"RTSP/1.0 {status}\r\nCSeq: {headers.get('cseq', '0')}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            if method == "PLAY" and subscriber is not None and status == "200 OK":
                camera.subscribers.add(subscriber)
            if method == "TEARDOWN":
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        if subscriber is not None:
            camera.subscribers.discard(subscriber)
        writer.close()


def encoded(scene: scenes.Scene, fps: float, kbps: int, gop: int) -> Iterator[AccessUnit]:
    """A scene as H.264, in real time."""
    encoder: av.VideoCodecContext | None = None
    for number, (wall, picture) in enumerate(scenes.play(scene, fps)):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        if encoder is None:
            encoder = av.CodecContext.create("libx264", "w")
            encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuv420p"
            encoder.bit_rate, encoder.gop_size, encoder.thread_count = kbps * 1000, gop, 1
            encoder.time_base = fractions.Fraction(1, 1000)
            encoder.framerate = fractions.Fraction(fps).limit_denominator(1000)
            encoder.options = {
                "preset": "ultrafast",
                "tune": "zerolatency",
                "x264-params": "repeat-headers=1:annexb=1:scenecut=0",
            }
        frame.pts = int(number * 1000 / fps)
        for packet in encoder.encode(frame):
            yield bytes(packet), wall, packet.is_keyframe


def copied(path: str) -> Iterator[AccessUnit]:
    """An H.264 file, in real time, again and again."""
    base = time.time()
    while True:
        last = 0.0
        with av.open(path) as container:
            stream = container.streams.video[0]
            annexb = av.bitstream.BitStreamFilterContext("h264_mp4toannexb", stream)
            for packet in container.demux(stream):
                if packet.dts is None:
                    continue
                for unit in annexb.filter(packet):
                    last = float(unit.dts * stream.time_base)
                    time.sleep(max(0.0, base + last - time.time()))
                    yield bytes(unit), base + float(unit.pts * stream.time_base), unit.is_keyframe
        base += last + 0.04


def obey(camera: Camera, loop: asyncio.AbstractEventLoop) -> None:
    """Take orders from stdin; a thread of its own."""

    def hang_up() -> None:
        for subscriber in list(camera.subscribers):
            subscriber.writer.close()

    orders: dict[str, Callable[[], None]] = {
        "stall": lambda: setattr(camera, "stalled", True),
        "go": lambda: setattr(camera, "stalled", False),
        "close": hang_up,
    }
    for line in sys.stdin:
        order = line.strip()
        if order == "quit":
            break
        loop.call_soon_threadsafe(orders[order])
    loop.call_soon_threadsafe(loop.stop)


async def run(args: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    camera, door = Camera(args.clock_error), Door(args.auth, args.user, args.password)

    def show() -> None:
        if args.scene.startswith("file:"):
            units = copied(args.scene.removeprefix("file:"))
        else:
            units = encoded(scenes.open_scene(args.scene), args.fps, args.kbps, args.gop)
        for unit in units:
            loop.call_soon_threadsafe(camera.publish, unit)

    threading.Thread(target=show, daemon=True).start()
    threading.Thread(target=obey, args=(camera, loop), daemon=True).start()
    server = await asyncio.start_server(lambda r, w: serve(camera, door, r, w), "127.0.0.1", args.port)
    print("READY", server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fps", type=float, default=25)
    parser.add_argument("--kbps", type=int, default=1500)
    parser.add_argument("--gop", type=int, default=25)
    parser.add_argument("--auth", choices=("basic", "digest"))
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--clock-error", type=float, default=0.0)
    try:
        asyncio.run(run(parser.parse_args()))
    except RuntimeError as stopped:  # loop.stop()
        if "Event loop stopped" not in str(stopped):
            raise


if __name__ == "__main__":
    main()
