"""What one 1080p camera costs: percent of a core, sampled at 2 fps, beside OpenCV's read() of every frame.

    python benchmarks/capture_cpu.py [--seconds 30] [--streams baseline:4,main:2,main:4]

A server in its own process sends an H.264 file (1920x1080, 25 fps, no B-frames) over RTSP, again and again; a stream is
its profile and its megabits per second. All readers of a stream run at the same time, each in a process of its own
whose CPU time (user and system) is counted after a warm-up, so they share whatever else the machine does. Decoding is
the same for all and grows with the bitrate, so the ratio does too. Table, then one JSON line.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.servers.running import MiniRTSP
from support.waiting import until

from askcam.stream.camera import Camera, State
from askcam.stream.fit import Fit
from askcam.stream.sources.registry import resolve
from askcam.stream.window import Anchors

WIDTH, HEIGHT, FPS, CLIP_S = 1920, 1080, 25, 8
LIMIT = 0.7  # of OpenCV's read()
WARM_UP_S = 3.0
READERS = {
    "pyav": "askcam, PyAV, 2 fps sampled",
    "opencv": "askcam, OpenCV, 2 fps sampled",
    "read": "OpenCV read(), every frame",
    "read1": "OpenCV read(), every frame, 1 thread",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--streams", default="baseline:4,main:2,main:4", help="PROFILE:MEGABITS of each")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # this process is one of the readers
    parser.add_argument("--url", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(_one(args.one, args.url, args.seconds)))
        return
    result: dict[str, dict[str, dict[str, float]]] = {}
    for stream in args.streams.split(","):
        profile, _, mbps = stream.partition(":")
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "clip.mp4"
            write_clip(clip, profile, float(mbps))
            with MiniRTSP(f"file:{clip}") as server:
                result[stream] = _run(server.url, args.seconds)
    print(f"{'stream':10} {'reader':38} {'% of a core':>11} {'fps':>6} {'converted/s':>11}")
    for stream, rows in result.items():
        for name, row in rows.items():
            numbers = f"{row['percent']:11.1f} {row['fps']:6.1f} {row['converted_per_s']:11.1f}"
            print(f"{stream:10} {READERS[name]:38} {numbers}")
    ratios = {stream: round(rows["pyav"]["percent"] / rows["read"]["percent"], 2) for stream, rows in result.items()}
    head = {"benchmark": "capture_cpu", "seconds": args.seconds, "ratios": ratios, "limit": LIMIT}
    print(json.dumps(head | {"met": max(ratios.values()) <= LIMIT, "streams": result}))


def _run(url: str, seconds: float) -> dict[str, dict[str, float]]:
    started = {
        name: subprocess.Popen(
            [sys.executable, __file__, "--one", name, "--url", url, "--seconds", str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in READERS
    }
    return {name: json.loads(process.communicate()[0].splitlines()[-1]) for name, process in started.items()}


def _one(name: str, url: str, seconds: float) -> dict[str, float]:
    if name in ("pyav", "opencv"):
        return _askcam(f"{url}?via={name}", seconds)
    return _read(url, seconds, [cv2.CAP_PROP_N_THREADS, 1] if name == "read1" else [])


def _askcam(url: str, seconds: float) -> dict[str, float]:
    with Camera("cpu", resolve(url), fit=_fit, anchors=Anchors.within(16)) as camera:
        until(lambda: camera.status().state is State.LIVE, "the camera to be live")
        time.sleep(WARM_UP_S)
        before, used, began = camera.status(), _cpu_s(), time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        used, after = _cpu_s() - used, camera.status()
    return _row(used, took, after.decoded - before.decoded, after.sampled - before.sampled)


def _read(url: str, seconds: float, options: list[int]) -> dict[str, float]:
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)
    began, frames, used, counting = time.monotonic(), 0, 0.0, False
    while (now := time.monotonic()) - began < (seconds if counting else WARM_UP_S) or not counting:
        if not counting and now - began >= WARM_UP_S:
            began, frames, used, counting = now, 0, _cpu_s(), True
        frames += capture.read()[0]
    row = _row(_cpu_s() - used, time.monotonic() - began, frames, frames)
    capture.release()
    return row


def _row(used_s: float, took_s: float, decoded: int, converted: int) -> dict[str, float]:
    return {
        "percent": round(100 * used_s / took_s, 1),
        "fps": round(decoded / took_s, 1),
        "converted_per_s": round(converted / took_s, 1),
    }


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _fit(width: int, height: int) -> Fit:
    """A 1080p picture as Qwen2-VL reads it: multiples of 28 pixels, about 300 tokens."""
    return Fit.stretch(width, height, 644, 364)


def write_clip(path: Path, profile: str, mbps: float) -> None:
    """A street of a kind: a backdrop with a sensor's noise, before which things move."""
    rng = np.random.default_rng(0)
    slope = np.linspace(40, 180, WIDTH)[None, :, None] + np.linspace(0, 40, HEIGHT)[:, None, None]
    backdrop = slope + rng.normal(0, 10, (HEIGHT, WIDTH, 3))
    noisy = [np.clip(backdrop + rng.normal(0, 2, backdrop.shape), 0, 255).astype(np.uint8) for _ in range(5)]
    things = rng.integers(0, 255, (12, 3))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", int(mbps * 1e6)
        stream.codec_context.gop_size = 2 * FPS
        stream.options = {"preset": "veryfast", "profile": profile, "bf": "0", "maxrate": f"{mbps}M", "bufsize": "8M"}
        for k in range(CLIP_S * FPS):
            picture = noisy[k % len(noisy)].copy()
            for number, colour in enumerate(things):
                x, y = (number * 160 + 7 * k * (1 + number % 3)) % (WIDTH - 200), 80 * number % (HEIGHT - 200)
                picture[y : y + 150, x : x + 90] = colour
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
