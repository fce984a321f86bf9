"""The rate that holds with 16 cameras of 4 watches each: what `benchmarks/wall.py --load` runs."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from prometheus_client.parser import text_string_to_metric_families
from support.servers.askcam_server import live_server
from support.waiting import until

from askcam.demo.objects import drawn_objects
from askcam.demo.scene import make_scene

CAMERAS, WATCHES = 16, 4
SETTLE_S = 10.0  # after a change of the period, before it is measured
LATE = 0.25  # of the period: so late 95 of 100 questions may go to the engine, no later
WAIT_S = 180.0


def main(periods: list[float], seconds: float) -> None:
    """From the longest period to the shortest, until one does not hold."""
    uris = {f"cam{i}": f"synthetic:{i + 1}" for i in range(CAMERAS)}
    rows: list[dict[str, Any]] = []
    with (
        live_server(cameras=[f"{name}={uri}" for name, uri in uris.items()]) as server,
        httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client,
    ):
        process = psutil.Process(server.process.pid)
        names = make_watches(client, periods[0])
        print(f"{'every_s':>8}{'asked/s':>9}{'skipped':>9}{'late p95':>10}{'frames/s':>10}{'cores':>7}{'holds':>7}")
        for period in periods:
            for name in names:
                client.patch(f"/v1/watches/{name}", json={"every_s": period}).raise_for_status()
            time.sleep(SETTLE_S)
            rows.append(tried(client, process, period, seconds))
            row = rows[-1]
            late = "-" if row["late_s_p95"] is None else f"{row['late_s_p95']:.2f} s"
            print(
                f"{period:8g}{row['asked_per_s']:9.1f}{row['skipped']:9}{late:>10}{row['sampled_fps_least']:10.2f}"
                f"{row['cores']:7.2f}{'yes' if row['holds'] else 'no':>7}",
                flush=True,
            )
            if not row["holds"]:
                break
    held = [row["every_s"] for row in rows if row["holds"]]
    about = {"cameras": CAMERAS, "source": "in-process synthetic", "watches_each": WATCHES, "seconds": seconds}
    print(json.dumps({"benchmark": "wall_load", **about, "every_s_that_holds": min(held, default=None), "rows": rows}))


def make_watches(client: httpx.Client, period: float) -> list[str]:
    """Of each camera one for the thing that is there and three for others; all have been read once when it returns."""
    names = []
    for i in range(CAMERAS):
        there = make_scene(i + 1).traveller.drawn
        others = [drawn for drawn in drawn_objects() if drawn != there][7 * i : 7 * i + WATCHES - 1]
        for j, drawn in enumerate((there, *others)):
            names.append(f"cam{i}-{j}")
            body = {"name": names[-1], "question": f"Is there {drawn.a}? Answer yes or no.", "cameras": [f"cam{i}"]}
            client.post("/v1/watches", json=body | {"every_s": period}).raise_for_status()

    def all_read() -> bool:
        return all(one["read_at"] for each in client.get("/v1/watches").json()["data"] for one in each["now"])

    until(all_read, "a reading of every watch", WAIT_S)
    return names


def tried(client: httpx.Client, process: psutil.Process, period: float, seconds: float) -> dict[str, Any]:
    before, cpu, began = figures(client), sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(seconds)
    after, took = figures(client), time.monotonic() - began
    late = {edge: after[edge] - before.get(edge, 0.0) for edge in after if isinstance(edge, float)}
    asked, skipped = late[float("inf")], int(after["skipped"] - before["skipped"])
    p95 = next((edge for edge in sorted(late) if late[edge] >= 0.95 * asked), None) if asked else None
    bounded = p95 is not None and p95 <= max(LATE * period, 0.1)
    return {
        "every_s": period,
        "asked_per_s": round(asked / took, 2),
        "wanted_per_s": round(CAMERAS * WATCHES / period, 2),
        "skipped": skipped,
        "late_s_p95": p95 if p95 != float("inf") else None,  # the upper edge of its bucket
        "sampled_fps_least": after["fps"],
        "cores": round((sum(process.cpu_times()[:2]) - cpu) / took, 2),
        "holds": bounded and skipped == 0,
    }


def figures(client: httpx.Client) -> dict[Any, float]:
    """Lateness by the upper edge of its bucket (cumulative), slots skipped, and the slowest camera's sampling."""
    found: dict[Any, float] = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            if sample.name == "askcam_watch_lateness_seconds_bucket":
                found[float(sample.labels["le"])] = sample.value
            elif sample.name == "askcam_watch_slots_skipped_total":
                found["skipped"] = sample.value
    found["fps"] = min(one["sample_fps"] for one in client.get("/v1/cameras").json()["data"])
    return found
