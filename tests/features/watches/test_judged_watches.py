"""Events are judged at a real server: kept over kill -9, heard by who follows, and what comes of it for the watch."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.judged import DOOR, OF_CAMERA, OF_OTHER, OFF, QUESTION, RIGHT, WRONG, told_before, turned_on
from support.program import askcam
from support.servers.askcam_server import LiveServer, live_server
from support.waiting import until
from support.watch_events import WALL, open_store
from support.watched_stage import Listener

from askcam.features.events.pictures import Shown


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return told_before(tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="module")
def server(config: Path) -> Iterator[LiveServer]:
    with live_server("--config", str(config)) as server:
        with client(server, "admins") as admin:
            assert admin.post("/v1/watches", json=DOOR).status_code == 201
        yield server


def client(server: LiveServer, role: str = "viewers") -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {role}-token"}, timeout=60)


@pytest.fixture
def http(server: LiveServer) -> Iterator[httpx.Client]:
    with client(server) as http:
        yield http
        for number in (*RIGHT, *WRONG, OFF, OF_OTHER):
            judge(http, number, None)


def judge(http: httpx.Client, number: int, verdict: str | None, **more: Any) -> dict[str, Any]:
    reply = http.post(f"/v1/events/{number}/judge", json={"verdict": verdict, **more})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def listed(http: httpx.Client, **params: Any) -> list[int]:
    reply = http.get("/v1/events", params=params)
    assert reply.status_code == 200, reply.text
    return [each["id"] for each in reply.json()["data"]]


def door(http: httpx.Client) -> Any:
    (found,) = (each["judged"] for each in http.get("/v1/watches").json()["data"] if each["name"] == "door")
    assert http.get("/v1/watches/door").json()["judged"] == found
    return found


def counted(http: httpx.Client, name: str) -> float:
    (line,) = (each for each in http.get("/metrics").text.splitlines() if each.startswith(name + " "))
    return float(line.rpartition(" ")[2])


def test_an_event_is_judged_and_that_is_taken_back(http: httpx.Client) -> None:
    before = http.get("/v1/events/3").json()
    assert (before["verdict"], before["note"], before["judged_at"]) == (None, None, None)
    taken_back = counted(http, 'askcam_events_judged_total{verdict="taken_back"}')
    wrong = judge(http, 3, "wrong", note=" the cat\n")
    assert (wrong["verdict"], wrong["note"]) == ("wrong", "the cat")
    assert wrong["judged_at"] > "2026"
    assert http.get("/v1/events/3").json() == wrong
    assert judge(http, 3, "wrong", note="the cat") == wrong, "what is said again keeps its time"
    assert listed(http, verdict="wrong") == listed(http, verdict="wrong", watch="door") == [3]
    assert listed(http, verdict="right") == listed(http, verdict="wrong", watch="other") == []
    right = judge(http, 3, "right")
    assert (right["verdict"], right["note"]) == ("right", None)
    assert right["judged_at"] > wrong["judged_at"]
    assert judge(http, 3, None) == judge(http, 3, None) == before
    assert listed(http, verdict="right") == []
    assert counted(http, 'askcam_events_judged_total{verdict="taken_back"}') == taken_back + 2


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, None), ({"verdict": "maybe"}, "verdict"), ({"verdict": 1}, "verdict"), ({"verdict": "Right"}, "verdict"),
        ({"verdict": "wrong", "note": 7}, "note"), ({"verdict": "wrong", "note": "x" * 501}, "note"),
        ({"verdict": "wrong", "note": "a\0b"}, None), ({"verdict": None, "note": "a cat"}, None),
        ({"verdict": "wrong", "why": "a cat"}, None), ([], None),
    ],
)  # fmt: skip
def test_what_is_no_judgement_is_refused_by_name(http: httpx.Client, body: Any, param: str | None) -> None:
    refused = http.post("/v1/events/3/judge", json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param), refused.text
    assert http.get("/v1/events/3").json()["verdict"] is None


@pytest.mark.parametrize(
    "note", ["", "x" * 500, "猫不是人", "\U0001f408\u200d\u2b1b", "two\nlines\tand a tab", "<b>'; DROP TABLE events"]
)
def test_a_note_is_kept_as_it_is(http: httpx.Client, note: str) -> None:
    assert judge(http, 3, "wrong", note=note)["note"] == (note or None)


def test_what_is_not_kept_and_what_is_no_watchs_is_not_judged(http: httpx.Client) -> None:
    for number in (4_000_000, 2**63, 2**70):
        assert http.post(f"/v1/events/{number}/judge", json={"verdict": "wrong"}).status_code == 404
    refused = http.post(f"/v1/events/{OF_CAMERA}/judge", json={"verdict": "wrong"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "not_judged")
    assert http.get("/v1/events", params={"verdict": "maybe"}).json()["error"]["param"] == "verdict"
    with httpx.Client(base_url=str(http.base_url), timeout=60) as nobody:
        assert nobody.post("/v1/events/3/judge", json={"verdict": "wrong"}).status_code == 401


def test_who_follows_hears_of_it_and_the_last_one_counts(server: LiveServer, http: httpx.Client) -> None:
    of_door, others = (Listener(server, params={"watch": name}) for name in ("door", "nobodys"))
    following = of_door.listen(2)
    others.listen(1)
    with client(server) as colleague, ThreadPoolExecutor(2) as both:
        said = (both.submit(judge, who, 5, each) for who, each in ((http, "right"), (colleague, "wrong")))
        replies = [each.result() for each in said]
    following.join(60)
    assert of_door.names == ["judged", "judged"]
    heard = [one for each in of_door.heard for one in each["data"]]
    assert [each["id"] for each in heard] == [5, 5]
    assert {each["verdict"] for each in heard} == {each["verdict"] for each in replies} == {"right", "wrong"}
    assert http.get("/v1/events/5").json()["verdict"] == heard[-1]["verdict"]
    assert others.heard == []


def test_a_watch_tells_its_false_alarms_and_a_threshold_that_would_have_helped(http: httpx.Client) -> None:
    assert door(http) is None
    judge(http, OFF, "wrong")  # it was still so: no false alarm
    judge(http, OF_OTHER, "wrong")
    assert door(http) is None
    for number in RIGHT:
        judge(http, number, "right")
    first = http.get("/v1/events/1").json()["at"]
    assert door(http) == {"judged": 12, "wrong": 0, "since": first, "proposed": None}
    for number in WRONG:
        judge(http, number, "wrong")
    told = {"on": 0.83, "wrong": 9, "wrong_kept_back": 7, "right": 12, "right_lost": 0, "lost_at_most": 0.221}
    assert door(http) == {"judged": 21, "wrong": 9, "since": first, "proposed": told}
    assert counted(http, 'askcam_watch_judged{verdict="wrong",watch="door"}') == 9
    assert counted(http, 'askcam_watch_judged{verdict="right",watch="door"}') == 12


def test_it_is_applied_by_an_admin_alone_and_counts_anew(server: LiveServer, http: httpx.Client) -> None:
    for number in (*RIGHT, *WRONG):
        judge(http, number, "right" if number in RIGHT else "wrong")
    on = door(http)["proposed"]["on"]
    assert http.get("/v1/watches/door").json()["on"] == 0.7, "never by itself"
    assert http.patch("/v1/watches/door", json={"on": on}).status_code == 403
    with client(server, "admins") as admin:
        changed = admin.patch("/v1/watches/door", json={"on": on}).json()
        assert (changed["on"], changed["judged"]) == (on, door(http))
        assert (changed["judged"]["judged"], changed["judged"]["wrong"], changed["judged"]["proposed"]) == (14, 2, None)
        asked = {"question": "Is it dark? Answer yes or no."}
        assert admin.patch("/v1/watches/door", json=asked).json()["judged"] is None
        back = admin.patch("/v1/watches/door", json={"question": QUESTION, "on": 0.7}).json()
        assert back["judged"] is None, "it has asked something else meanwhile"
        assert 'askcam_watch_judged{verdict="wrong",watch="door"}' not in http.get("/metrics").text


def test_it_outlives_a_killed_server(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    store = open_store(folder)
    store.add(turned_on(0.9), WALL, Shown(b"jpeg"))
    store.db.execute("DROP TABLE judgements")  # a file of before
    store.close()
    path = tmp_path / "askcam.toml"
    path.write_text(config.read_text().replace('question = "Is', 'for_s = 2\nquestion = "Is'))
    with live_server("--config", str(path)) as server:
        with client(server) as http:
            wrong = judge(http, 1, "wrong", note="a cat")
        server.stop(signal.SIGKILL)
    with live_server("--config", str(path)) as again, client(again) as http:
        assert http.get("/v1/events/1").json() == wrong
        assert listed(http, verdict="wrong") == [1]
        assert until(lambda: http.get("/v1/watches").json()["data"], "the watches")


def test_the_command_judges_and_shows_what_comes_of_it(server: LiveServer, http: httpx.Client) -> None:
    env = {"ASKCAM_TOKEN": "viewers-token"}

    def run(*args: str) -> str:
        done = askcam("watch", *args, "--url", server.url, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("judge", str(OF_OTHER), "wrong", "--note", "a cat").rstrip().endswith("judged wrong")
    assert "judged wrong" in run("events", "--watch", "other")
    assert "a cat" in run("events", "--watch", "other", "--json")
    shown = run("show", "other")
    assert "1 of 1 judged times that it came true were wrong" in shown
    assert "--on" not in shown
    assert "judged" not in run("judge", str(OF_OTHER), "none")
    for args, said in (
        (["judge", str(OF_OTHER), "maybe"], "maybe"),
        (["judge", "4000000", "wrong"], "no event 4000000"),
        (["show", "nobody"], "nobody"),
    ):
        done = askcam("watch", *args, "--url", server.url, env=env)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
