"""What clips cost, and whether they hold: CPU beside no clips, and clips of hundreds of events while the server is
killed again and again.

    clips.py [--cameras 8] [--size 1280x720] [--fps 15] [--seconds 40] [--every 5] [--rounds 3]
             [--events 200] [--kills 12]

Real RTSP cameras with a clock in their pictures (each server a process), cameras, event log and clips as the server has
them, without a model. First part: the same cameras are read in one process without clips and then with them, in turns,
with an event now and then; CPU is that process's own. Second part: a process tells events until it is
killed at any moment and started again. Then each clip is decoded to its last picture: it plays, and its clock spans
[event - before, event + after] within one group of pictures, or the event says that it is missing, and why.
The last line is JSON. It exits with 1 if a clip neither plays nor is missing, or spans something else.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.clip_stage import clip_stage, play
from support.servers.running import MiniRTSP
from support.waiting import comes_true

from askcam.client.watches import WatchEvent
from askcam.features.clips.config import OPTION, ClipsConfig
from askcam.server.camera_use import CameraUse

CONFIG = ClipsConfig(before_s=2.0, after_s=1.5)
TELL_S = 0.7  # between two events, before it is killed
NEAR_S = 0.5  # how well a frame's time is known on a busy machine
READY_S = 90.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--every", type=float, default=5, help="seconds between two events of all cameras together")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", choices=("cost", "tell"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--clips", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child == "cost":
        asyncio.run(cost(args))
    elif args.child == "tell":
        asyncio.run(tell(args))
    else:
        sys.exit(asyncio.run(measure(args)))


async def measure(args: argparse.Namespace) -> int:
    options = ("--fps", str(args.fps), "--gop", str(args.fps))
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        servers = [stack.enter_context(MiniRTSP(f"clock:{args.size}", *options)) for _ in range(min(2, args.cameras))]
        urls = [servers[i % len(servers)].url for i in range(args.cameras)]
        spent: dict[bool, list[float]] = {False: [], True: []}
        for number in range(2 * args.rounds):
            clips = number % 2 == 1
            with tempfile.TemporaryDirectory() as here:
                spent[clips].append(await cost_of(args, urls, Path(here), clips))
            print(f"{'with' if clips else 'without'} clips: {spent[clips][-1]:.1f}% of a core", flush=True)
        without, with_ = (sorted(spent[clips])[args.rounds // 2] for clips in (False, True))
        found = await kills(args, urls[0], Path(folder))
    result = {
        "cameras": args.cameras, "size": args.size, "fps": args.fps, "every_s": args.every,
        "cpu_without": round(without, 1), "cpu_with": round(with_, 1), "ratio": round(with_ / without, 3), **found,
    }  # fmt: skip
    print(json.dumps(result))
    return 1 if found["broken"] or found["elsewhere"] else 0


# -- what they cost


async def cost_of(args: argparse.Namespace, urls: list[str], folder: Path, clips: bool) -> float:
    """Percent of one core."""
    more = ["--clips"] if clips else []
    named = [part for url in urls for part in ("--url", url)]
    command = [sys.executable, __file__, "--child", "cost", "--folder", str(folder), "--seconds", str(args.seconds)]
    command += ["--every", str(args.every)]
    done = await asyncio.to_thread(subprocess.run, [*command, *named, *more], stdout=subprocess.PIPE, text=True)
    return float(json.loads(done.stdout.splitlines()[-1])["percent"])


async def cost(args: argparse.Namespace) -> None:
    use = CameraUse(options={OPTION: args.clips})
    async with clip_stage(args.folder, CONFIG) as stage:
        for i, url in enumerate(args.url):
            stage.open_camera(f"camera{i}", url, use)
        await comes_true(lambda: all(each.askable for each in stage.cameras.values()), "all cameras", READY_S)
        await asyncio.sleep(CONFIG.before_s)
        began, cpu, number = time.monotonic(), time.process_time(), 0
        while time.monotonic() - began < args.seconds:
            await stage.tell(f"camera{number % len(args.url)}")
            number += 1
            await asyncio.sleep(max(0.0, began + number * args.every - time.monotonic()))
        spent_s, took_s = time.process_time() - cpu, time.monotonic() - began
    print(json.dumps({"percent": 100 * spent_s / took_s}), flush=True)


# -- over kills


async def tell(args: argparse.Namespace) -> None:
    async with clip_stage(args.folder, CONFIG) as stage:
        stage.open_camera("gate", args.url[0])
        await stage.held("gate", CONFIG.before_s)
        print("begun", flush=True)
        while True:
            print((await stage.tell("gate")).id, flush=True)
            await asyncio.sleep(TELL_S)


def live(args: argparse.Namespace, url: str, folder: Path) -> list[int]:
    """Lives that tell events until they are killed; the events' ids."""
    chance, told = random.Random(args.seed), list[int]()
    for life in range(args.kills + 1):
        share = args.events * (life + 1) // (args.kills + 1)
        command = [sys.executable, __file__, "--child", "tell", "--folder", str(folder), "--url", url]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        while len(told) < share:
            line = child.stdout.readline()
            if not line:
                raise SystemExit("the process that tells events ended by itself")
            told += [int(line)] if line.strip().isdigit() else []
        threading.Timer(chance.uniform(0, 4), child.kill).start()
        told += [int(line) for line in child.stdout.read().split("\n")[:-1] if line.strip().isdigit()]
        child.wait()
    return told


async def kills(args: argparse.Namespace, url: str, folder: Path) -> dict[str, Any]:
    told = await asyncio.to_thread(live, args, url, folder)
    async with clip_stage(folder, CONFIG) as stage:
        events = await stage.log.read(lambda store: store.newest(10_000), list[WatchEvent]())
    counts, off = Counter[str](), list[float]()
    for event in events:
        what, by = judge(event, folder)
        counts[what] += 1
        off += [] if by is None else [by]
    lost = len(set(told) - {event.id for event in events})
    return {
        "events": len(events), "kills": args.kills + 1, "events_lost": lost, "play": counts["plays"] + counts["short"],
        "missing": counts["missing"], "short": counts["short"], "broken": counts["broken"] + lost,
        "elsewhere": counts["elsewhere"], "worst_s": round(max(off, default=0.0), 2),
    }  # fmt: skip


def judge(event: WatchEvent, folder: Path) -> tuple[str, float | None]:
    """What became of its clip, and by how much its span is off, beyond a group of pictures."""
    clip = event.clip
    if clip is None or clip.state == "pending":
        return "broken", None
    if clip.state == "missing":
        return ("missing", None) if clip.why else ("broken", None)
    at = datetime.fromisoformat(event.at).timestamp()
    seen = at if event.frame_at is None else datetime.fromisoformat(event.frame_at).timestamp()
    try:
        played = play((folder / "clips" / f"{event.id}.mp4").read_bytes(), at)
    except (OSError, ValueError) as exc:
        print(f"event {event.id}: {exc}")
        return "broken", None
    if clip.why is not None:  # it says what it lacks
        return "short", None
    early, late = seen - CONFIG.before_s - played.walls[0], at + CONFIG.after_s - played.walls[-1]
    off = max(0.0, -early, early - 1.0, -late, late - 1.0)
    return ("plays" if off <= NEAR_S else "elsewhere"), off


if __name__ == "__main__":
    main()
