"""An odd camera for tests, a process of its own: RTSP, MJPEG and HLS from one port. Prints "READY PORT".

It ends with its stdin. What is odd stands in the query of the URL, so one process is any number of cameras. Pictures
are numbered (numbered.py), and frame i is sent when the wall clock says i / fps: so their lag can be read from them.

rtsp://.../cam, http://.../cam.mjpeg, http://.../live.m3u8
    fps=25 n=600 w=320 h=240    frames a second that are really sent; how many until they come round; size
    stall=AT:S[:SPEED]          the network holds all back S seconds, after AT seconds, then lets it go (SPEED times as
                                fast as it was made; all at once)
    pause=AT:S                  the camera makes no pictures for S seconds, and its timestamps don't count them
    silent=AT                   connected, but nothing comes any more
rtsp only
    codec=h264|hevc gop=25 refresh=0    refresh=1: no keyframes, parts of the picture are renewed in turn
    claim=FPS                   what its timestamps say
    jump=AT:S[,AT:S]            its timestamps are set
    ts0=N                       first timestamp, to make it wrap
    sr=S                        seconds between sender reports (2), 0: none
    srerr=S srjump=AT:S         its wall clock is wrong; is set
    backlog=FRAMES              what it sends at once to who connects; they begin with a keyframe
    still=1                     timestamps never change
http only
    length=0                    MJPEG: no Content-Length
    seg=S                       HLS: length of a segment (1)
    pdt=ERROR                   HLS: segments are dated, by a clock that is wrong by so many seconds
    late=S                      HLS: segments are published so much later
    master=1                    HLS: the playlist names other playlists
"""

import argparse
import asyncio
import base64
import datetime
import fractions
import io
import struct
import sys
import threading
import time
from urllib.parse import parse_qsl, urlsplit

import av
from support.servers import numbered

_MTU = 1400
_NTP_EPOCH = 2208988800  # seconds from 1900 to 1970
_SSRC = 0x1234


class Oddities:
    """The query of one request."""

    def __init__(self, url: str) -> None:
        query = urlsplit(url).query.partition("/trackID")[0]
        self._given = dict(parse_qsl(query))

    def text(self, name: str, default: str = "") -> str:
        return self._given.get(name, default)

    def number(self, name: str, default: float) -> float:
        return float(self._given.get(name, default))

    def pairs(self, name: str) -> list[list[float]]:
        """ "1:2,3:4" as [[1, 2], [3, 4]]."""
        return [[float(part) for part in pair.split(":")] for pair in self.text(name).split(",") if pair]

    @property
    def fps(self) -> float:
        return self.number("fps", 25)

    @property
    def count(self) -> int:
        return int(self.number("n", 600))

    @property
    def size(self) -> tuple[int, int]:
        return int(self.number("w", 320)), int(self.number("h", 240))

    def units(self) -> list[tuple[list[bytes], bool]]:
        codec, gop = self.text("codec", "h264"), int(self.number("gop", 25))
        return numbered.encoded(codec, gop, self.count, *self.size, self.text("refresh") == "1")


class Pace:
    """When frame after frame is made, and when it leaves. All by the wall clock."""

    def __init__(self, odd: Oddities) -> None:
        self.fps = odd.fps
        self.started = time.time()
        first = int(self.started * self.fps) + 1 - int(odd.number("backlog", 0))
        if "backlog" in odd._given:  # it begins with a keyframe
            first -= first % odd.count % int(odd.number("gop", 25))
        self.number = first
        self._stalls, self._pauses = odd.pairs("stall"), odd.pairs("pause")
        self._silent = odd.number("silent", 1e18)
        self.paused = 0.0  # seconds that timestamps don't count

    async def next(self) -> tuple[int, float]:
        """Waits for the next frame; returns its number and when it was made."""
        number = self.number
        self.number += 1
        made = number / self.fps
        after = made - self.started
        for at, for_s in self._pauses:
            if after >= at and self.paused < for_s:
                self.number += round(for_s * self.fps)
                self.paused += for_s
                return await self.next()
        leaves = made
        for at, for_s, *speed in self._stalls:
            end = at + for_s
            if at <= after:
                arrives = end + (after - at) / speed[0] if speed else end
                leaves = max(leaves, self.started + arrives)
        await asyncio.sleep(max(0.0, leaves - time.time()))
        if after > self._silent:
            await asyncio.sleep(3600)
        return number, made


def rtp(codec: str, units: list[bytes], timestamp: int, sequence: int) -> list[bytes]:
    """One access unit as RTP packets (RFC 6184, RFC 7798)."""
    out = []
    for place, unit in enumerate(units):
        last = place == len(units) - 1
        payloads = [unit] if len(unit) <= _MTU else list(_fragments(codec, unit))
        for part, payload in enumerate(payloads):
            marker = 0x80 if last and part == len(payloads) - 1 else 0
            head = struct.pack("!BBHII", 0x80, marker | 96, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, _SSRC)
            out.append(head + payload)
            sequence += 1
    return out


def _fragments(codec: str, unit: bytes) -> "list[bytes]":
    skip = 1 if codec == "h264" else 2
    body = unit[skip:]
    parts = [body[at : at + _MTU] for at in range(0, len(body), _MTU)]
    out = []
    for place, part in enumerate(parts):
        flags = (0x80 if place == 0 else 0) | (0x40 if place == len(parts) - 1 else 0)
        if codec == "h264":
            head = bytes([unit[0] & 0xE0 | 28, flags | unit[0] & 31])
        else:
            head = bytes([unit[0] & 0x81 | 49 << 1, unit[1], flags | unit[0] >> 1 & 63])
        out.append(head + part)
    return out


def sdp(odd: Oddities) -> bytes:
    codec = odd.text("codec", "h264")
    kinds = {7, 8} if codec == "h264" else {32, 33, 34}
    first = odd.units()[0][0]
    sets = [base64.b64encode(u).decode() for u in first if (u[0] & 31 if codec == "h264" else u[0] >> 1 & 63) in kinds]
    if codec == "h264":
        about = f"packetization-mode=1;sprop-parameter-sets={','.join(sets)}"
    else:
        about = "profile-id=1" + "".join(
            f";sprop-{name}={each}" for name, each in zip(("vps", "sps", "pps"), sets, strict=True)
        )
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=odd", "t=0 0", "a=control:*", "m=video 0 RTP/AVP 96"]
    lines += [f"a=rtpmap:96 {'H264' if codec == 'h264' else 'H265'}/90000", f"a=fmtp:96 {about}", "a=control:trackID=1"]
    return "".join(f"{line}\r\n" for line in lines).encode()


async def play(odd: Oddities, writer: asyncio.StreamWriter, channel: int) -> None:
    """Send RTP, and sender reports, until the connection ends."""
    units, pace, sequence = odd.units(), Pace(odd), 1
    claim, first = odd.number("claim", odd.fps), pace.number
    every, reported = odd.number("sr", 2), -1e18
    while not writer.transport.is_closing():
        number, made = await pace.next()
        after = made - pace.started
        stamp = (number - first) / odd.fps * odd.fps / claim - pace.paused
        stamp += sum(by for at, by in odd.pairs("jump") if after >= at)
        ticks = int(odd.number("ts0", 1000)) + int(0 if odd.text("still") else stamp * 90000)
        if every and made - reported >= every:
            reported = made
            wall = made + odd.number("srerr", 0) + sum(by for at, by in odd.pairs("srjump") if after >= at) + _NTP_EPOCH
            ntp = int(wall * (1 << 32))
            report = struct.pack("!BBHIQIII", 0x80, 200, 6, _SSRC, ntp, ticks & 0xFFFFFFFF, 0, 0)
            _frame(writer, channel + 1, report)
        packets = rtp(odd.text("codec", "h264"), units[number % len(units)][0], ticks, sequence)
        sequence += len(packets)
        for packet in packets:
            _frame(writer, channel, packet)
        await writer.drain()


def _frame(writer: asyncio.StreamWriter, channel: int, data: bytes) -> None:
    writer.write(b"$" + bytes([channel]) + struct.pack("!H", len(data)) + data)


async def rtsp(first: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request, channel, playing = first, 0, None
    try:
        while True:
            line, *rest = request.split("\r\n")
            method, url, _ = line.split(" ", 2)
            headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
            extra, body = "Session: 7;timeout=60\r\n", b""
            if method == "OPTIONS":
                extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
            elif method == "DESCRIBE":
                body = await asyncio.to_thread(sdp, Oddities(url))
                extra = f"Content-Base: {url}\r\nContent-Type: application/sdp\r\n"
            elif method == "SETUP":
                channel = int(headers["transport"].partition("interleaved=")[2].partition("-")[0] or 0)
                extra += f"Transport: RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}\r\n"
            head = f"RTSP/1.0 200 OK\r\nCSeq: {headers['cseq']}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            if method == "PLAY" and playing is None:
                playing = asyncio.create_task(play(Oddities(url), writer, channel))
            if method == "TEARDOWN":
                return
            byte = await reader.readexactly(1)
            while byte == b"$":  # the client's own reports
                await reader.readexactly(int.from_bytes((await reader.readexactly(3))[1:]))
                byte = await reader.readexactly(1)
            request = (byte + await reader.readuntil(b"\r\n\r\n")).decode()
    finally:
        if playing is not None:
            playing.cancel()


async def mjpeg(odd: Oddities, writer: asyncio.StreamWriter) -> None:
    pictures, pace = await asyncio.to_thread(numbered.jpegs, odd.count, *odd.size), Pace(odd)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n")
    while not writer.transport.is_closing():
        number, _ = await pace.next()
        jpeg = pictures[number % len(pictures)]
        length = f"Content-Length: {len(jpeg)}\r\n" if odd.text("length") != "0" else ""
        writer.write(f"--frame\r\nContent-Type: image/jpeg\r\n{length}\r\n".encode() + jpeg + b"\r\n")
        await writer.drain()


def playlist(odd: Oddities, query: str) -> bytes:
    """The last three segments that are over."""
    length = odd.number("seg", 1)
    now = int((time.time() - odd.number("late", 0)) / length)
    if odd.text("master") == "1":
        rest = query.replace("master=1", "master=0")
        return f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\nlive.m3u8?{rest}\n".encode()
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        f"#EXT-X-TARGETDURATION:{round(length)}",
        f"#EXT-X-MEDIA-SEQUENCE:{now - 3}",
    ]
    for segment in range(now - 3, now):
        if odd.text("pdt"):
            date = datetime.datetime.fromtimestamp(segment * length + odd.number("pdt", 0), datetime.UTC)
            lines += [f"#EXT-X-PROGRAM-DATE-TIME:{date.isoformat(timespec='milliseconds')}"]
        lines += [f"#EXTINF:{length:.3f},", f"segment.ts?{query}&number={segment}"]
    return "".join(f"{line}\n" for line in lines).encode()


def segment(odd: Oddities) -> bytes:
    length, number, units = odd.number("seg", 1), int(odd.number("number", 0)), odd.units()
    per = round(length * odd.fps)
    out = io.BytesIO()
    with av.open(out, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=fractions.Fraction(odd.fps).limit_denominator(1000))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = odd.size
        for at in range(number * per, (number + 1) * per):
            nals, key = units[at % len(units)]
            packet = av.Packet(b"".join(b"\0\0\0\1" + nal for nal in nals))
            packet.stream, packet.time_base = stream, fractions.Fraction(1, 90000)
            packet.pts = packet.dts = int(at / odd.fps * 90000) % (1 << 33)
            packet.is_keyframe = key
            container.mux(packet)
    return out.getvalue()


async def http(request: str, writer: asyncio.StreamWriter) -> None:
    url = request.split(" ", 2)[1]
    odd, parts = Oddities(url), urlsplit(url)
    if parts.path == "/cam.mjpeg":
        return await mjpeg(odd, writer)
    if parts.path == "/live.m3u8":
        body = playlist(odd, parts.query)
    elif parts.path == "/segment.ts":
        body = await asyncio.to_thread(segment, odd)
    else:
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return None
    kind = "application/vnd.apple.mpegurl" if parts.path.endswith("m3u8") else "video/mp2t"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return None


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, until it ends."""
    try:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        if request.startswith("GET "):
            await http(request, writer)
        else:
            await rtsp(request, reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def run(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True).start()
    print("READY", server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await ended.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(run(parser.parse_args().port))
