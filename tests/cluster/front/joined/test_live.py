"""Two real servers join a real front and are given its cameras; they are killed, stopped and drained, and so is the
front."""

import contextlib
import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.front_tokens import FRONT, SHARD
from support.ports import own_port
from support.program import askcam
from support.servers.askcam_server import LiveServer, front_server, live_server
from support.waiting import until

CAMERAS = ("c1", "c2", "c3")
ALARMS = ["on c1", "on c2"]
WHAT: Any = [{"role": "user", "content": "What do you see?"}]
CONFIG = """
[front]
probe_s = 0.3
silent_s = 20
[cluster]
folder = "table"
silent_s = 20
[cameras.c1]
uri = "synthetic:1"
fps = 1
[cameras.c2]
uri = "synthetic:2"
fps = 1
[cameras.c3]
uri = "synthetic:3"
fps = 1
[watches.anything]
question = "Is anything moving? Answer yes or no."
cameras = ["c1", "c2"]
on = 0.0002
off = 0.0001
every_s = 1
for_s = 0
"""  # so that it is on at once, and never off again


@dataclass
class Cluster:
    """A front whose address stays, and the shards before which it stands."""

    folder: Path
    port: int
    stack: contextlib.ExitStack
    front: LiveServer | None = None
    shards: dict[str, LiveServer] = field(default_factory=dict)

    def begin_front(self) -> None:
        config = self.folder / "front.toml"
        if not config.exists():
            config.write_text(CONFIG)
        told = front_server({}, "--config", str(config), "--port", str(self.port), env=FRONT)
        self.front = self.stack.enter_context(told)

    def begin_shard(self, name: str) -> LiveServer:
        flags = ("--front", f"http://127.0.0.1:{self.port}", "--shard-name", name)
        self.shards[name] = self.stack.enter_context(live_server(*flags, env=SHARD))
        return self.shards[name]

    def client(self, who: str = "front-viewer") -> httpx.Client:
        headers = {"authorization": f"Bearer {who}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=120)

    def owned(self) -> dict[str, list[str]]:
        """By shard, what it has been given and says that it has."""
        with self.client() as http:
            told = http.get("/v1/shards").json()["data"]
        return {each["name"]: each["owns"] for each in told if each.get("joined") in ("live", "draining")}

    def state(self, shard: str) -> dict[str, Any]:
        with self.client() as http:
            (found,) = (each for each in http.get("/v1/shards").json()["data"] if each["name"] == shard)
        return dict(found)

    def events(self) -> list[dict[str, Any]]:
        """Of the watch, newest first."""
        with self.client() as http:
            return list(http.get("/v1/events", params={"watch": "anything"}).raise_for_status().json()["data"])

    def alarms(self) -> list[str]:
        return sorted(f"{each['kind']} {each['camera']}" for each in self.events())

    def epochs(self) -> dict[str, int]:
        """By camera, as the table on disk has them."""
        return dict(self.rows("SELECT camera, epoch FROM owners"))

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Of the table on disk."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/table/cluster.sqlite?mode=ro", uri=True)) as db:
            return db.execute(query, values).fetchall()

    def logs(self) -> list[str]:
        servers = [*self.shards.values(), *([] if self.front is None else [self.front])]
        return [line for server in servers for line in server.log]

    def answered(self, *cameras: str) -> bool:
        """Whether all of them answer through the front."""
        with self.client() as http:
            replies = [
                http.post("/v1/chat/completions", json={"model": camera, "messages": WHAT, "max_tokens": 4})
                for camera in cameras
            ]
        assert {reply.status_code for reply in replies} <= {200, 429, 503}, [reply.text for reply in replies]
        return all(reply.status_code == 200 for reply in replies)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    port = own_port()
    with contextlib.ExitStack() as stack:
        made = Cluster(tmp_path_factory.mktemp("cluster"), port, stack)
        made.begin_front()
        for name in ("a", "b"):
            made.begin_shard(name)
        yield made


def test_the_first_shard_has_all_cameras_until_they_are_balanced_and_all_answer(cluster: Cluster) -> None:
    until(lambda: sum(map(len, cluster.owned().values())) == 3, "an owner for each")
    with cluster.client("front-admin") as http:
        http.post("/v1/shards/balance").raise_for_status()
    until(lambda: all(cluster.owned().values()) and len(cluster.owned()) == 2, "cameras on both")
    until(lambda: cluster.answered(*CAMERAS), "answers of all", every_s=0.2)
    with cluster.client() as http:
        assert sorted(each["name"] for each in http.get("/v1/cameras").json()["data"]) == list(CAMERAS)
        watch = until(lambda: http.get("/v1/watches").json()["data"], "the watch")[0]
        assert (watch["name"], sorted(watch["cameras"])) == ("anything", ["c1", "c2"])
        assert http.get("/v1/cameras/c2").json()["sample_fps"] == 1


def test_one_question_is_put_to_all(cluster: Cluster) -> None:
    with cluster.client() as http:
        reply = http.post("/v1/ask", json={"question": "What do you see?"}).raise_for_status().json()
    assert sorted(each["camera"] for each in reply["askcam"]["answers"]) == list(CAMERAS)


def test_what_a_watch_tells_is_on_the_fronts_own_disk_and_its_pictures_on_the_shards(cluster: Cluster) -> None:
    until(lambda: cluster.alarms() == ALARMS, "an alarm of each")
    with cluster.client() as http:
        picture = http.get(cluster.events()[0]["frame_url"])
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert sorted(cluster.rows("SELECT camera FROM events")) == [("c1",), ("c2",)]


def test_a_camera_of_the_api_is_given_to_a_shard_and_taken_back(cluster: Cluster) -> None:
    secret = "hunter-22-secret"
    new = {"name": "new", "uri": f"rtsp://me:{secret}@127.0.0.1:9/x"}
    with cluster.client("front-admin") as http, cluster.client() as viewer:
        assert viewer.post("/v1/cameras", json=new).status_code == 403
        made = http.post("/v1/cameras", json=new)
        assert (made.status_code, made.json()["state"]) == (201, "connecting")
        assert http.post("/v1/cameras", json=new).json()["error"]["param"] == "name"
        shown = until(lambda: [each for each in http.get("/v1/cameras").json()["data"] if each["name"] == "new"], "it")
        told = [made.text, str(shown), http.get("/v1/shards").text, http.get("/openapi.json").text, *cluster.logs()]
        assert not [text for text in told if secret in text]
        assert "/v1/shards/join" in http.get("/openapi.json").json()["paths"]
        assert http.delete("/v1/cameras/new").status_code == 204
        assert http.get("/v1/cameras/new").status_code == 404
        until(lambda: "new" not in [each["name"] for each in http.get("/v1/cameras").json()["data"]], "its end")
    files = [path for path in (cluster.folder / "table").iterdir() if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (cluster.folder / "table").stat().st_mode & 0o777 == 0o700


def test_a_shard_that_stood_still_hears_that_it_has_lost_its_cameras(cluster: Cluster) -> None:
    stopped = cluster.shards["a"]
    os.kill(stopped.process.pid, signal.SIGSTOP)
    try:
        until(lambda: cluster.owned().get("b") == list(CAMERAS), "all on the other", 180.0)
        assert "nothing was heard" in cluster.state("a")["lost_why"]
        until(lambda: cluster.answered(*CAMERAS), "answers of all", every_s=0.2)
    finally:
        os.kill(stopped.process.pid, signal.SIGCONT)
    with httpx.Client(base_url=stopped.url, headers={"authorization": "Bearer shard-viewer"}, timeout=60) as http:
        until(lambda: http.get("/v1/cameras").json()["data"] == [], "nothing being left there")
    until(lambda: cluster.state("a")["joined"] == "live", "its return")
    assert cluster.owned() == {"a": [], "b": list(CAMERAS)}, "they stay where they are"
    assert not [line for line in cluster.logs() if "Traceback" in line or "shard-admin" in line]


def test_a_front_that_is_killed_moves_nothing_when_it_is_back(cluster: Cluster) -> None:
    before = cluster.epochs()
    assert cluster.front is not None
    cluster.front.process.kill()
    cluster.front.process.wait(60)
    cluster.begin_front()
    until(lambda: cluster.answered(*CAMERAS), "answers of all", every_s=0.2)
    assert cluster.epochs() == before
    assert cluster.owned() == {"a": [], "b": list(CAMERAS)}


def test_a_drained_shard_gives_its_cameras_away(cluster: Cluster) -> None:
    had = cluster.owned()["b"]
    environment = {"ASKCAM_ADMIN_TOKEN": "front-admin"}
    done = askcam("front", "drain", "b", "--url", f"http://127.0.0.1:{cluster.port}", "--json", env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["moving"] == had
    until(lambda: cluster.owned() == {"a": list(CAMERAS), "b": []}, "all on the other")
    until(lambda: cluster.answered(*CAMERAS), "answers of all", every_s=0.2)
    with httpx.Client(
        base_url=cluster.shards["b"].url, headers={"authorization": "Bearer shard-viewer"}, timeout=60
    ) as http:
        until(lambda: http.get("/v1/cameras").json()["data"] == [], "nothing being left there")


def test_a_shard_that_ends_leaves_and_comes_back_as_a_new_process(cluster: Cluster) -> None:
    assert cluster.shards["b"].stop() == 0
    assert cluster.state("b")["lost_why"] == "it was ended"
    cluster.begin_shard("b")
    until(lambda: cluster.state("b")["joined"] == "live", "its return")


def test_what_a_killed_shard_had_answers_from_another_under_new_epochs(cluster: Cluster) -> None:
    before = cluster.epochs()
    cluster.shards["a"].process.kill()
    until(lambda: cluster.owned() == {"b": list(CAMERAS)}, "all on the other")
    until(lambda: cluster.answered(*CAMERAS), "answers of all", every_s=0.2)
    after = cluster.epochs()
    assert all(after[camera] > before[camera] for camera in CAMERAS)
    assert "nothing listens" in cluster.state("a")["lost_why"]


def test_an_alarm_that_is_on_was_told_once_wherever_its_camera_went_and_is_there_without_its_shard(
    cluster: Cluster,
) -> None:
    with cluster.client() as http:
        watch = until(
            lambda: [
                now
                for now in http.get("/v1/watches").json()["data"][0]["now"]
                if now["read_at"] and now["state"] == "on"
            ][1:],
            "the watch, read on its new shard",
        )
        assert watch
        (first, second) = cluster.events()
        assert cluster.alarms() == ALARMS
        seen = http.post(f"/v1/events/{first['id']}/acknowledge", json={"acknowledged": True}).raise_for_status()
        assert seen.json()["acknowledged_at"]
        assert [each["acknowledged_at"] for each in cluster.events()] == [seen.json()["acknowledged_at"], None]
        ((on,),) = cluster.rows("SELECT shard FROM events WHERE camera = ?", second["camera"])
        gone = {"a": 503, "b": 404}  # a is away, b is another process with nothing kept
        assert http.get(second["frame_url"]).status_code == gone[on]
