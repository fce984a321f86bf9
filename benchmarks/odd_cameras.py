"""Odd cameras, files and addresses: is each live in time, its picture right, and the age that is told of it true?

    python benchmarks/odd_cameras.py [--rows drift,slow] [--at-once 3] [--json FILE]

Each row of ROWS is a camera, and what is right of it. tests/support/servers/odd_camera.py is the camera, in a process
of its
own; its pictures are numbered, so that their true lag can be read from the pixels, and drawn anew to be compared. Told
age less true lag is looked at five times a second from `settle_s` after the first picture on. Files and addresses
(odd_files.py) have no clock in their pixels. Rows that need little run side by side; more rows are welcome.
The last line of stdout is JSON.
"""

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import numpy as np
from odd_files import ADDRESSES, FILES, see_address, see_file
from support.servers import numbered
from support.servers.running import OddCamera, RefusingRTSP

from askcam.stream.camera import Camera, CameraConfig, State
from askcam.stream.fit import as_is
from askcam.stream.frame import Pixels
from askcam.stream.sources.registry import resolve
from askcam.stream.window import Anchors

EVERY_S = 0.2
SPIN = "import time; end = time.monotonic() + 120\nwhile time.monotonic() < end: pass"  # ends if nobody ends it
NEAR = 6.0  # mean difference of 255 that an encoder may make
NEVER_S = -0.5  # told less true, seconds: no picture may be told to be younger than it is by more


@dataclass(frozen=True)
class Row:
    """One camera. `odd` is the query of odd_camera.py; times in seconds."""

    name: str
    odd: Mapping[str, object] = field(default_factory=dict)
    kind: str = "rtsp"  # or mjpeg, hls: how it is read
    via: str = ""  # opencv
    runs_s: float = 12.0
    live_s: float | None = 5.0  # it must be live by then; None: it must not be live at all
    share: float = 0.9  # of the time since then, that it must be live
    settle_s: float = 1.0  # after the first picture: what is told earlier is not looked at
    most_s: float = 0.5  # told less true, at most: pictures are not called old
    says: str = ""  # that must stand in its reason at some time
    config: CameraConfig = field(default_factory=CameraConfig)
    busy: bool = False  # all cores busy besides, and this process nice -n 10


LONG = {"n": 1500}
ROWS = (
    Row("a plain one"),
    Row("H.265", {"codec": "hevc"}),
    Row("no sender reports", {"sr": 0}),
    Row("claims 25 fps, sends 21", {"fps": 21, "claim": 25}, runs_s=20),
    Row("claims 25 fps, sends 21, no sender reports", {"fps": 21, "claim": 25, "sr": 0}, runs_s=20),
    Row("claims 25 fps, sends 30", {"fps": 30, "claim": 25}),
    Row("claims 25 fps, sends 12", {"fps": 12, "claim": 25, "sr": 0}, runs_s=20),
    Row("timestamps 1% slow", {"claim": 25.25, "sr": 0}, runs_s=20),
    Row("timestamps set back by 5 s", {"jump": "5:-5"}),
    Row("timestamps set back by 5 s, no sender reports", {"jump": "5:-5", "sr": 0}),
    Row("timestamps set ahead by 5 s, and back", {"jump": "4:5,8:-5"}),
    Row("timestamps wrap", {"ts0": 2**32 - 4 * 90000}),
    Row("timestamps never change", {"still": 1}),
    Row("its clock is an hour ahead", {"srerr": 3600}),
    Row("its clock is 1.5 s slow", {"srerr": -1.5}),
    Row("its clock is set by 3 s, twice", {"srjump": "4:3,8:-3"}),
    Row("network stalls 2 s, then all at once", {"stall": "5:2"}, share=0.7),
    Row("network stalls 2 s, then twice as fast", {"stall": "5:2:2"}, share=0.7),
    Row("network stalls 2 s, no sender reports", {"stall": "5:2:3", "sr": 0}, share=0.7),
    Row("sends its last 100 frames at once", {"backlog": 100, "gop": 125}),
    Row("keyframe every 20 s", {"gop": 500, **LONG, "n": 1000}, runs_s=30, live_s=22, says="waiting for a keyframe"),
    Row("keyframe every 20 s, H.265", {"gop": 500, "n": 1000, "codec": "hevc"}, runs_s=30, live_s=22),
    Row("parts are renewed in turn, no keyframes", {"refresh": 1, "gop": 50}, live_s=6),
    # When a slow camera's first picture came is not known: FFmpeg holds it until the next one, or until it gives up
    # waiting for that at 8 s; then neither is it known of the second. Both are told as old as they may be.
    Row("0.5 fps", {"fps": 0.5, "gop": 1, "n": 60}, runs_s=20, live_s=6, settle_s=3),
    Row("0.2 fps", {"fps": 0.2, "gop": 1, "n": 60}, runs_s=40, live_s=11, settle_s=6),
    Row("0.1 fps", {"fps": 0.1, "gop": 1, "n": 60}, runs_s=60, live_s=21, settle_s=21),
    Row("0.2 fps, MJPEG", {"fps": 0.2, "n": 60}, "mjpeg", runs_s=40, live_s=11),
    Row("MJPEG", {}, "mjpeg"),
    Row("1 fps, MJPEG without lengths", {"fps": 1, "n": 60, "length": 0}, "mjpeg", live_s=6),
    Row("MJPEG, network stalls 2 s", {"stall": "5:2"}, "mjpeg", share=0.7),
    Row("HLS, segments of 1 s", {}, "hls", live_s=8, settle_s=3),
    Row("HLS, segments of 4 s", {"seg": 4, "gop": 100}, "hls", runs_s=25, live_s=12, settle_s=6),
    Row("HLS, segments of 4 s, dated", {"seg": 4, "gop": 100, "pdt": 0}, "hls", runs_s=20, live_s=12),
    Row("HLS, dated an hour ahead", {"seg": 2, "gop": 50, "pdt": 3600}, "hls", runs_s=20, live_s=12, settle_s=4),
    Row("HLS, dated, published 1.5 s late", {"seg": 2, "gop": 50, "pdt": 0, "late": 1.5}, "hls", runs_s=20, live_s=12),
    Row("HLS, a playlist of playlists", {"seg": 2, "gop": 50, "master": 1}, "hls", runs_s=20, live_s=12, settle_s=4),
    Row("by OpenCV", {}, via="opencv"),
    Row("by OpenCV, claims 25 fps, sends 21", {"fps": 21, "claim": 25}, via="opencv", runs_s=20),
    Row("by OpenCV, network stalls 2 s", {"stall": "5:2"}, via="opencv", share=0.6),
    Row("too slow to decode: 4K, 30 fps, busy cores", {"w": 3840, "h": 2160, "fps": 30, "n": 300, "gop": 30}, runs_s=60,
        live_s=30, share=0.0, settle_s=0, most_s=1.0, says="decoding falls behind", busy=True),
)  # fmt: skip


@contextlib.contextmanager
def crowded(busy: bool) -> Iterator[None]:
    """With other programs on every core, before which this one has to stand back from now on."""
    if not busy:
        yield
        return
    cores = os.cpu_count() or 1
    others = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(cores)]
    os.nice(10)
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def warm(server: OddCamera, row: Row) -> None:
    """Have its pictures encoded: nobody's first connection shall wait for that."""
    uri = server.rtsp(**row.odd)
    with socket.create_connection(("127.0.0.1", server.port), timeout=600) as connection:
        connection.sendall(f"DESCRIBE {uri} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        connection.recv(1)


def measure(server: OddCamera, row: Row) -> dict[str, object]:
    warm(server, row)
    fps, count = float(str(row.odd.get("fps", 25))), int(str(row.odd.get("n", 600)))
    make: Callable[..., str] = {"rtsp": server.rtsp, "mjpeg": server.mjpeg, "hls": server.hls}[row.kind]
    uri = make(**row.odd)
    if row.via:
        uri += f"{'&' if row.odd else '?'}via={row.via}"
    reasons: set[str] = set()
    errors: list[float] = []
    live_s = since_live_s = 0.0
    looked_at = 0.0
    live_at: float | None = None
    lag = age = None
    pixels = None
    with crowded(row.busy), Camera("odd", resolve(uri), fit=as_is, anchors=Anchors(), config=row.config) as camera:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < row.runs_s:
            status = camera.status()
            took_s, looked_at = passed - looked_at, passed
            since_live_s += took_s if live_at is not None else 0.0
            if status.reason:
                reasons.add(status.reason)
            shot = camera.shot()
            if status.state is State.LIVE and shot is not None:
                live_at = passed if live_at is None else live_at
                live_s += took_s if live_at < passed else 0.0
                pixels = shot.full().pixels
                now, wall = time.monotonic(), time.time()
                lag, age = numbered.lag_s(pixels, wall, fps, count), now - shot.picture.mono
                if passed - live_at >= row.settle_s:
                    errors.append(age - lag)
            time.sleep(max(0.0, EVERY_S - (time.monotonic() - began - passed)))
        status = camera.status()
    wrong = []
    if row.live_s is None:
        wrong += ["live"] if live_at is not None else []
    elif live_at is None or live_at > row.live_s:
        wrong.append("not live in time")
    elif live_s < row.share * since_live_s:
        wrong.append("not live enough")
    if errors and min(errors) < NEVER_S:
        wrong.append("told too young")
    if errors and max(errors) > row.most_s:
        wrong.append("told too old")
    if row.says and not any(row.says in reason for reason in reasons):
        wrong.append(f"does not say {row.says!r}")
    if pixels is not None and not _right(pixels, row):
        wrong.append("the picture is not what was drawn")
    return {
        "name": row.name,
        "picture": None if pixels is None else "right" if _right(pixels, row) else "wrong",
        "live_after_s": live_at and round(live_at, 1),
        "live_s": round(live_s, 1),
        "told_less_true_s": [round(min(errors), 2), round(max(errors), 2)] if errors else None,
        "reconnects": status.reconnects,
        "dropped": {name: number for name, number in status.dropped.items() if number},
        "wrong": wrong,
        "reasons": sorted(reasons)[:3],
    }


def _right(pixels: Pixels, row: Row) -> bool:
    """Size and colours."""
    width, height = int(str(row.odd.get("w", 320))), int(str(row.odd.get("h", 240)))
    if pixels.shape != (height, width, 3):
        return False
    drawn = numbered.drawn(numbered.number_in(pixels), width, height)
    return float(np.abs(pixels.astype(np.int16) - drawn).mean()) < NEAR


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", help="only those whose name has one of these words, with commas between")
    parser.add_argument("--json", type=Path, help="write the table there, too")
    parser.add_argument("--at-once", type=int, default=3, help="rows that run side by side")
    args = parser.parse_args()
    words = None if args.rows is None else args.rows.split(",")
    table: list[dict[str, object]] = []
    print(f"{'camera':<48} {'live after':>10} {'live':>6} {'picture':>8}  told - true   verdict")
    with (
        OddCamera() as server,
        RefusingRTSP("--user", "joe", "--password", "pa/ss#w?[o]") as refusing,
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(args.at_once) as pool,
    ):
        jobs: list[tuple[str, Callable[[], dict[str, object]]]] = [
            *((row.name, partial(measure, server, row)) for row in ROWS if not row.busy),
            *((file.name, partial(see_file, file, Path(folder))) for file in FILES),
            *((address.name, partial(see_address, address, refusing)) for address in ADDRESSES),
        ]
        wanted = [job for name, job in jobs if words is None or any(word in name for word in words)]
        for found in pool.map(lambda job: job(), wanted):
            table.append(found)
            _show(found)
        for row in ROWS:
            if row.busy and (words is None or any(word in row.name for word in words)):
                warm(server, row)
                table.append(_apart(row, server))
                _show(table[-1])
    wrong = [found["name"] for found in table if found["wrong"]]
    if args.json:
        args.json.write_text(json.dumps(table, indent=1))
    print(
        json.dumps({"benchmark": "odd_cameras", "rows": len(table), "right": len(table) - len(wrong), "wrong": wrong})
    )


def _show(found: dict[str, object]) -> None:
    error, wrong = found["told_less_true_s"], found["wrong"]
    span = f"{error[0]:+.2f} {error[1]:+.2f}" if isinstance(error, list) else ""
    verdict = ", ".join(wrong) if isinstance(wrong, list) and wrong else "ok"
    numbers = f"{found['live_after_s']!s:>10} {found['live_s'] or ''!s:>6} {found['picture']!s:>8}"
    print(f"{found['name']!s:<48} {numbers}  {span:<12}  {verdict}", flush=True)
    if verdict != "ok":
        print(f"    {found}", flush=True)


def _apart(row: Row, server: OddCamera) -> dict[str, object]:
    """The row in a process of its own, which stands back before all others."""
    command = [sys.executable, str(Path(__file__)), "--one", row.name, str(server.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=row.runs_s + 120)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def one(name: str, port: int) -> None:
    server = OddCamera()
    server.port = port
    row = next(row for row in ROWS if row.name == name)
    print(json.dumps(measure(server, row)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], int(sys.argv[3]))
    else:
        main()
