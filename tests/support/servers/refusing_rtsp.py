"""An RTSP camera that refuses, in the ways of real ones. A process of its own: "READY PORT"; ends with its stdin.

    refusing_rtsp.py [--port N] [--user U] [--password P]

What it does stands in the query of the URL (or in its path, after a "/", for those who cut the query off):

    step=PLAY&status=453      that step is answered so; `phrase` are its words
    step=SETUP&silent=1       that step is not answered
    step=DESCRIBE&close=1     ... but the connection is closed
    step=DESCRIBE&garbage=1   ... with something that is no RTSP
    auth=basic|digest|sha256|both|unknown      and `stale=1`: the nonce is too old from SETUP on; `realm=x`
    udp=1 | tcp=1             refuses the other transport with 461
    media=audio|none          what its description holds; `html=1`: a page instead of one
    move=PATH                 DESCRIBE is redirected to there; `status` 301 or 302
"""

import argparse
import asyncio
import base64
import hashlib
import socket
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from urllib.parse import parse_qsl, urlsplit

from support.servers import scenes
from support.servers.minirtsp import encoded
from support.servers.rtp import Packer, nal_units

NONCE, OLD = "n0nce", "0ld"


class Refusing:
    """One camera; a connection is served by serve()."""

    def __init__(self, user: str, password: str) -> None:
        self.user, self.password = user, password
        self.units: list[tuple[list[bytes], bool]] = []
        self.parameters: list[bytes] = []

    def film(self) -> None:
        """Two seconds to show, encoded once."""
        made = encoded(scenes.open_scene("clock:320x240"), 25, 500, 10)
        for _, (data, _, key) in zip(range(10), made, strict=False):
            self.units.append((nal_units(data), key))
        self.parameters = [nal for nal in self.units[0][0] if nal[0] & 31 in (7, 8)]

    def sdp(self, media: str) -> bytes:
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=refusing", "t=0 0", "a=control:*"]
        if media == "audio":
            lines += ["m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=control:audio"]
        elif media != "none":
            sets = ",".join(base64.b64encode(each).decode() for each in self.parameters)
            lines += ["m=video 0 RTP/AVP 96", "c=IN IP4 0.0.0.0", "a=rtpmap:96 H264/90000"]
            lines += [f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}", "a=control:video"]
        return "".join(f"{line}\r\n" for line in lines).encode()

    def challenge(self, odd: dict[str, str], nonce: str, stale: bool) -> str:
        realm = odd.get("realm", "cam")
        more = ", stale=true" if stale else ""
        digest = f'WWW-Authenticate: Digest realm="{realm}", nonce="{nonce}"'
        kinds = {
            "basic": f'WWW-Authenticate: Basic realm="{realm}"\r\n',
            "digest": f"{digest}{more}\r\n",
            "sha256": f"{digest}, algorithm=SHA-256{more}\r\n",
            "unknown": f"{digest}, algorithm=WHIRLPOOL\r\n",
        }
        if odd["auth"] == "both":
            return kinds["sha256"] + kinds["digest"]
        if odd["auth"] == "both_reversed":
            return kinds["digest"] + kinds["sha256"]
        return kinds[odd["auth"]]

    def opens(self, odd: dict[str, str], method: str, given: str) -> str:
        """ "yes", "no" or "stale"."""
        if given.startswith("Basic "):
            right = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            return "yes" if odd["auth"] == "basic" and given[6:] == right else "no"
        fields = {
            name.strip(): value.strip('"') for name, _, value in (p.partition("=") for p in given[7:].split(", "))
        }
        sha = fields.get("algorithm", "").upper() == "SHA-256"
        if (odd["auth"] == "sha256" and not sha) or odd["auth"] in ("basic", "unknown"):
            return "no"

        def digest(text: str) -> str:
            return (hashlib.sha256 if sha else hashlib.md5)(text.encode()).hexdigest()

        who = digest(f"{self.user}:{odd.get('realm', 'cam')}:{self.password}")
        nonce = fields.get("nonce", "")
        what = digest(f"{method}:{fields.get('uri', '')}")
        if fields.get("response") != digest(f"{who}:{nonce}:{what}"):
            return "no"
        return "stale" if nonce == OLD and method != "DESCRIBE" else "yes"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing: asyncio.Task[None] | None = None
        channel, udp = 0, None
        asked = False
        try:
            while True:
                first = await reader.readexactly(1)
                if first == b"$":
                    await reader.readexactly(int.from_bytes((await reader.readexactly(3))[1:]))
                    continue
                line, *rest = (first + await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, url, _ = line.split(" ", 2)
                headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
                odd = dict(parse_qsl(urlsplit(url).query.rpartition("/video")[0] or urlsplit(url).query))
                status, extra, body = "200 OK", "", b""
                if "auth" in odd and method != "OPTIONS":
                    given = headers.get("authorization", "")
                    let = self.opens(odd, method, given) if given else "no"
                    if let != "yes":
                        old = odd.get("stale") == "1" and not asked and not given
                        asked = True
                        extra = self.challenge(odd, OLD if old else NONCE, let == "stale")
                        status, method = "401 Unauthorized", "refused"
                if odd.get("step") == method:
                    if "silent" in odd:
                        await asyncio.sleep(3600)
                    if "close" in odd:
                        return
                    if "garbage" in odd:
                        writer.write(b"\x16\x03\x01 SSH-2.0-dropbear_2019\r\n\r\n" * 20)
                        continue
                    if "status" in odd:
                        status, method = f"{odd['status']} {odd.get('phrase', 'No')}", "refused"
                if method == "OPTIONS":
                    extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
                elif method == "DESCRIBE" and "move" in odd:
                    where = odd["move"] if "://" in odd["move"] else f"rtsp://{urlsplit(url).netloc}{odd['move']}"
                    status, extra = f"{odd.get('status', '302')} Moved", f"Location: {where}\r\n"
                elif method == "DESCRIBE":
                    body = b"<html>log in</html>" if "html" in odd else self.sdp(odd.get("media", "video"))
                    extra = f"Content-Base: {url}\r\nContent-Type: application/sdp\r\n"
                elif method == "SETUP":
                    transport = headers.get("transport", "")
                    if ("udp" in odd and "TCP" in transport) or ("tcp" in odd and "TCP" not in transport):
                        status = "461 Unsupported Transport"
                    elif "TCP" in transport:
                        channel = int(transport.partition("interleaved=")[2].partition("-")[0] or 0)
                        extra = f"Transport: RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}\r\nSession: 7\r\n"
                    else:
                        port = int(transport.partition("client_port=")[2].partition("-")[0])
                        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                        udp.bind(("127.0.0.1", 0))
                        udp.connect(("127.0.0.1", port))
                        own = udp.getsockname()[1]
                        extra = (
                            f"Transport: RTP/AVP;unicast;client_port={port}-{port + 1};server_port={own}-{own + 1}\r\n"
                        )
                        extra += "Session: 7\r\n"
                elif method != "refused":
                    extra = "Session: 7\r\n"
                head = (
                    f"RTSP/1.0 {status}\r\nCSeq: {headers.get('cseq', '0')}\r\n{extra}Content-Length: {len(body)}\r\n"
                )
                writer.write(f"{head}\r\n".encode() + body)
                if method == "PLAY" and playing is None:
                    playing = asyncio.create_task(self.play(writer, channel, udp))
                if method == "TEARDOWN":
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            if playing is not None:
                playing.cancel()
            if udp is not None:
                udp.close()
            writer.close()

    async def play(self, writer: asyncio.StreamWriter, channel: int, udp: socket.socket | None) -> None:
        packer = Packer(channel)
        for number in count():
            units, _ = self.units[number % len(self.units)]
            data = packer.pack(units, time.time())
            if udp is None:
                writer.write(data)
            else:
                for packet in datagrams(data, channel):
                    try:
                        udp.send(packet)
                    except OSError:
                        return
            await asyncio.sleep(0.04)


def datagrams(data: bytes, channel: int) -> Iterator[bytes]:
    """The RTP packets of what was packed for TCP."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 2 : at + 4])
        if data[at + 1] == channel:
            yield data[at + 4 : at + 4 + size]
        at += 4 + size


async def run(args: argparse.Namespace) -> None:
    camera = Refusing(args.user, args.password)
    camera.film()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    server = await asyncio.start_server(camera.serve, "127.0.0.1", args.port)
    print("READY", server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", nargs="?")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="joe")
    parser.add_argument("--password", default="pa/ss#w?[o]r d@%")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
