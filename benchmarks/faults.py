"""RTSP cameras that are killed or frozen and brought back: seconds until refused, seconds until right again.

    python benchmarks/faults.py [--rounds 3] [--servers mini,gstreamer]

Two independent servers stream a synthetic scene (H.264, 25 fps); one askcam process with the built-in model reads each
with PyAV and with OpenCV. A client asks every 0.1 s. "refused" counts from kill -9 or SIGSTOP to the first refusal,
"right" from the moment the server listens again (or SIGCONT) to the first right answer. Table, then one JSON line.
"""

import argparse
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.servers.askcam_server import live_server
from support.servers.questioner import Questioner, still_question
from support.servers.running import CameraServer, GStreamerRTSP, MiniRTSP

SEED = 21
SERVERS: dict[str, type[CameraServer]] = {"mini": MiniRTSP, "gstreamer": GStreamerRTSP}
READERS = {"pyav": "", "opencv": "?via=opencv"}
TIMEOUT_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--servers", default="mini,gstreamer")
    args = parser.parse_args()
    rows = []
    for name in args.servers.split(","):
        for reader, query in READERS.items():
            seconds: dict[str, list[float]] = defaultdict(list)
            with (
                SERVERS[name](f"source:synthetic:{SEED}") as camera,
                live_server(cameras=[f"cam={camera.url}{query}"]) as server,
            ):
                client = Questioner(server.url)
                for _ in range(args.rounds):
                    _round(client, camera, seconds)
                client.close()
            row = {"server": name, "reader": reader} | {key: round(max(s), 2) for key, s in seconds.items()}
            rows.append(row | {f"{key}_median": round(statistics.median(s), 2) for key, s in seconds.items()})
            print(rows[-1], flush=True)
    print(f"\n{'server':10} {'reader':7} " + " ".join(f"{key:>22}" for key in KEYS) + "    seconds, median (worst)")
    for row in rows:
        cells = " ".join(f"{row[f'{key}_median']:>14.2f} ({row[key]:.2f})" for key in KEYS)
        print(f"{row['server']:10} {row['reader']:7} {cells}")
    print(json.dumps({"benchmark": "faults", "rounds": args.rounds, "rows": rows}))


KEYS = ("killed_refused_s", "killed_right_s", "frozen_refused_s", "frozen_right_s")


def _round(client: Questioner, camera: CameraServer, seconds: dict[str, list[float]]) -> None:
    question = still_question(SEED)
    client.until_right("cam", question, TIMEOUT_S)
    camera.kill()
    seconds["killed_refused_s"].append(client.until_refused("cam", question, TIMEOUT_S))
    camera.start()
    seconds["killed_right_s"].append(client.until_right("cam", question, TIMEOUT_S))
    camera.freeze()
    seconds["frozen_refused_s"].append(client.until_refused("cam", question, TIMEOUT_S))
    camera.thaw()
    seconds["frozen_right_s"].append(client.until_right("cam", question, TIMEOUT_S))


if __name__ == "__main__":
    main()
