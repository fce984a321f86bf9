"""Two real servers join a real front and are given its cameras; they are killed, stopped and drained, and so is the
front."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator

import httpx
import pytest
from support.joined_servers import Cluster, Kept
from support.ports import own_port
from support.program import askcam
from support.waiting import until

from askcam.cluster.ids import KEY_BITS, key_of

KEY = 2**KEY_BITS - 1
CAMERAS = ("c1", "c2", "c3")
ALARMS = ["on c1", "on c2"]
MINE = {
    "name": "mine", "question": "Is anything moving? Answer yes or no.", "cameras": ["c1"],
    "on": 0.000001, "off": 0, "every_s": 1, "for_s": 0,
}  # fmt: skip


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


def test_a_camera_is_noted_answers_and_is_watched_by_a_watch_that_was_made_at_the_front(cluster: Cluster) -> None:
    with cluster.client("front-admin") as http:
        made = http.post("/v1/watches", json=MINE)
        assert (made.status_code, made.json()["origin"]) == (201, "api"), made.text
        of_b = until(lambda: [note for note in cluster.notes("c1")[0] if note["id"] & KEY == key_of("b")], "a note")
        answer = until(lambda: cluster.answer_id("c1"), "an answer", every_s=0.2)
        assert http.get(f"/v1/answers/{answer}").json()["id"] == answer
    until(lambda: cluster.events("mine"), "its alarm")
    cluster.kept = Kept(of_b[0], answer)


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


def test_what_came_about_before_a_camera_went_elsewhere_is_found_and_its_watch_has_gone_along(cluster: Cluster) -> None:
    assert cluster.kept is not None
    assert cluster.kept.note["id"] in [note["id"] for note in cluster.notes("c1")[0]]
    with cluster.client() as http:
        assert http.get(f"/v1/answers/{cluster.kept.answer}").status_code == 200
        assert http.get(cluster.kept.note["frame_url"]).headers["content-type"] == "image/jpeg"
        until(
            lambda: [
                now for now in http.get("/v1/watches/mine").json()["now"] if now["read_at"] and now["state"] == "on"
            ],
            "the watch, read where its camera is",
        )
    assert [each["kind"] for each in cluster.events("mine")] == ["on"], "told once"


def test_a_shard_that_ends_leaves_and_comes_back_as_a_new_process(cluster: Cluster) -> None:
    assert cluster.kept is not None
    assert cluster.shards["b"].stop() == 0
    assert cluster.state("b")["lost_why"] == "it was ended"
    single = (f"/v1/answers/{cluster.kept.answer}", cluster.kept.note["frame_url"])
    with cluster.client() as http:
        until(lambda: cluster.notes("c1")[1] == ["b"], "a list without it")
        away = [http.get(path) for path in single]
        assert [(each.status_code, each.json()["error"]["code"]) for each in away] == [(503, "shard_down")] * 2
        assert all(int(each.headers["retry-after"]) > 0 for each in away)
        cluster.begin_shard("b")
        until(lambda: cluster.state("b")["joined"] == "live", "its return")
        until(lambda: cluster.notes("c1")[1] == [], "a list with it")
        assert [http.get(path).status_code for path in single] == [404, 404], "it has nothing of that any more"


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
        path, wrong = f"/v1/events/{first['id']}/judge", {"verdict": "wrong", "note": "a cat"}
        judged = http.post(path, json=wrong).raise_for_status().json()
        assert {name: judged[name] for name in wrong} == wrong
        assert http.get("/v1/events", params={"verdict": "wrong"}).json()["data"] == [judged]
        told = http.get("/v1/watches/anything").json()["judged"]
        assert (told["judged"], told["wrong"], told["since"]) == (1, 1, first["at"]), "wherever its cameras have gone"
        of_it = "SELECT shard FROM events JOIN told USING (number) WHERE watch = ? AND camera = ?"
        ((on,),) = cluster.rows(of_it, "anything", second["camera"])
        gone = {"a": 503, "b": 404}  # a is away, b is another process with nothing kept
        assert http.get(second["frame_url"]).status_code == gone[on]


def test_a_watch_that_is_removed_at_the_front_is_removed_from_the_shard(cluster: Cluster) -> None:
    with cluster.client("front-admin") as http:
        until(lambda: [now for now in http.get("/v1/watches/mine").json()["now"] if now["read_at"]], "its readings")
        assert [each["kind"] for each in cluster.events("mine")] == ["on"], "told once, though its shard was killed"
        assert http.delete("/v1/watches/mine").status_code == 204
        assert [each["name"] for each in http.get("/v1/watches").json()["data"]] == ["anything"]
    with httpx.Client(
        base_url=cluster.shards["b"].url, headers={"authorization": "Bearer shard-viewer"}, timeout=60
    ) as there:
        until(
            lambda: [each["name"] for each in there.get("/v1/watches").json()["data"]] == ["anything"], "its end there"
        )
    until(lambda: cluster.answered("c1"), "an answer about its camera, which runs on", every_s=0.2)


def test_a_shard_that_is_lost_is_removed_and_one_that_is_there_is_not(cluster: Cluster) -> None:
    environment = {"ASKCAM_ADMIN_TOKEN": "front-admin"}
    where = ("--url", f"http://127.0.0.1:{cluster.port}")
    there = askcam("front", "remove", "b", *where, env=environment)
    assert (there.returncode, "it is removed once it has ended" in there.stderr) == (2, True), there.stderr
    done = askcam("front", "remove", "a", *where, "--json", env=environment)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"removed": "a"}), done.stderr
    with cluster.client() as http:
        assert [each["name"] for each in http.get("/v1/shards").json()["data"]] == ["b"]
    again = askcam("front", "remove", "a", *where, env=environment)
    assert (again.returncode, "there is no shard" in again.stderr) == (2, True), again.stderr
