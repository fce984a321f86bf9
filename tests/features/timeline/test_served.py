"""The timeline of a real server: the built-in model looks at a camera before which something comes and goes."""

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import cv2
import httpx
import numpy as np
import pytest
from support.program import askcam
from support.servers.askcam_server import LiveServer, live_server
from support.servers.running import MJPEGServer
from support.shown import FILE, QUESTION, SCENE, THING
from support.waiting import until

Asked = TypeVar("Asked")
WAIT_S = 180.0  # a note waits until nobody asks, watches neither

CONFIG = """
[cameras.gate]
uri = "{url}"
fps = 4.0
timeline = true
tools = ["search_timeline"]

[cameras.other]
uri = "synthetic:5"

[watching]
folder = "watching"

[watches.engine]
question = "{question}"
cameras = ["gate"]
every_s = 0.5
for_s = 0.5

[timeline]
folder = "timeline"
min_interval_s = 1.0
time_zone = "UTC"
"""


@dataclass(slots=True)
class Stage:
    """A server, what is before its camera, and its config."""

    server: LiveServer
    thing: Path
    config: Path

    def get(self, path: str = "", **params: Any) -> httpx.Response:
        return httpx.get(f"{self.server.url}/v1/timeline{path}", params=params, timeout=60)

    def entries(self, **params: Any) -> list[dict[str, Any]]:
        reply = self.get(**params)
        assert reply.status_code == 200, reply.text
        found: list[dict[str, Any]] = reply.json()["data"]
        return found

    def notes(self, **params: Any) -> list[dict[str, Any]]:
        """Oldest first; no events."""
        found = self.entries(level="note", order="asc", limit=500, **params)
        return [entry for entry in found if entry["event_id"] is None]

    def while_still(self, ask: Callable[[], Asked]) -> Asked:
        """What `ask` gives while nothing was written: a watch may tell of what a note already has told."""
        for _ in range(20):
            before, given = self.entries(limit=500), ask()
            if self.entries(limit=500) == before:
                return given
        pytest.fail("the timeline never stood still")

    def show(self, shown: bool) -> None:
        """Bring the thing or take it away, and wait for the note."""
        before = len(self.notes())

        def noted() -> bool:
            return any((THING.a in note["things"]) == shown for note in self.notes()[before:])

        self.thing.touch() if shown else self.thing.unlink(missing_ok=True)
        until(noted, f"a note (shown: {shown})", WAIT_S)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("timeline")
    config, thing = folder / "askcam.toml", folder / "shown"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE, str(thing))
        with MJPEGServer(SCENE) as camera:
            config.write_text(CONFIG.format(url=camera.url, question=QUESTION))
            with live_server("--config", str(config)) as server:
                yield Stage(server, thing, config)


def test_what_comes_and_goes_is_noted_with_its_time_and_its_picture(stage: Stage) -> None:
    until(stage.notes, "the first note", WAIT_S)
    began = datetime.now().timestamp()
    stage.show(True)
    noted = datetime.now().timestamp()
    stage.show(False)
    came, went = stage.notes()[-2:]
    assert came["appeared"] == went["disappeared"] == [THING.a]
    assert THING.a in came["things"]
    assert THING.a not in went["things"]
    assert came["text"].startswith(f"{THING.a[0].upper()}{THING.a[1:]} appeared.")
    assert began <= datetime.fromisoformat(came["start"]).timestamp() <= noted
    assert came["start"] < came["end"] < went["start"]
    picture = httpx.get(stage.server.url + came["frame_url"], timeout=60)
    assert picture.headers["content-type"] == "image/jpeg"
    pixels = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape[1] <= 320
    assert pixels.mean() > 20
    assert {entry["camera"] for entry in stage.entries()} == {"gate"}


def test_questions_are_answered_by_search(stage: Stage) -> None:
    if not stage.notes(query=THING.en):
        stage.show(True)
        stage.show(False)
    came = stage.notes(query=f"When did the {THING.en} appear?")
    went = stage.notes(query=f"When did the {THING.en} leave?")
    assert came[0]["appeared"] == [THING.a]
    assert went[0]["disappeared"] == [THING.a]
    assert stage.entries(query="When did the elephant leave?") == []
    hour = stage.entries(level="hour", query=THING.en)[0]
    assert THING.a in hour["appeared"]
    assert hour["start"] <= came[0]["start"] < hour["end"]
    start = datetime.fromisoformat(came[0]["start"])
    assert came[0] not in stage.entries(until=came[0]["start"])
    assert came[0] in stage.entries(query=f"what happened since {start:%H:%M}?", limit=500, level="note")
    assert came[0] in stage.entries(since=f"{start:%Y-%m-%dT%H:%M:%S}", limit=500)


def test_events_of_watches_are_entries_once_each(stage: Stage) -> None:
    def told() -> list[int]:
        return [entry["event_id"] for entry in stage.entries(limit=500, order="asc") if entry["event_id"] is not None]

    def events() -> list[int]:
        data = httpx.get(stage.server.url + "/v1/events", params={"limit": 500}, timeout=60).json()["data"]
        return sorted(event["id"] for event in data)

    stage.show(True)
    stage.show(False)
    until(lambda: len(events()) >= 2 and sorted(told()) == events(), "the events in the timeline", WAIT_S)
    entry = next(entry for entry in stage.entries(query=f"when did the {THING.en} leave?") if entry["event_id"])
    event = httpx.get(f"{stage.server.url}/v1/events/{entry['event_id']}", timeout=60).json()
    assert entry["text"] == f"engine off: {QUESTION} no"
    assert (event["kind"], event["at"], event["frame_url"]) == ("off", entry["start"], entry["frame_url"])
    by_entry = stage.get(f"/{entry['id']}/frame.jpg")
    assert by_entry.content == httpx.get(stage.server.url + entry["frame_url"], timeout=60).content
    assert sum(map(len, (told(), stage.notes()))) == len(stage.entries(level="note", limit=500))


def test_the_command_answers_a_question_and_lists(stage: Stage) -> None:
    if not stage.notes(query=f"when did the {THING.en} leave?"):
        stage.show(True)
        stage.show(False)
    query = f"when did the {THING.en} leave?"
    went, done = stage.while_still(
        lambda: (stage.entries(query=query)[0], askcam("timeline", query, "--url", stage.server.url, env={"TZ": "UTC"}))
    )
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first == f"{went['start'][:10]} {went['start'][11:19]}  gate  {went['text']}"
    listed = ("timeline", "--url", stage.server.url, "--json", "--level", "note", "--limit", "500")
    lines, entries = stage.while_still(
        lambda: (askcam(*listed).stdout.splitlines(), stage.entries(level="note", limit=500))
    )
    assert [json.loads(line) for line in lines] == entries
    none = askcam("--lang", "zh", "timeline", "大象", "--url", stage.server.url)
    assert (none.returncode, none.stdout) == (1, "时间线里没有这样的内容\n")
    wrong = askcam("timeline", "--since", "soon", "--url", stage.server.url)
    assert wrong.returncode == 2
    assert "'soon' is no time; write it like 14:00" in wrong.stderr


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"since": "soon"}, "since"),
        ({"until": "25:00"}, "until"),
        ({"level": "week"}, "level"),
        ({"order": "up"}, "order"),
        ({"limit": "0"}, "limit"),
        ({"before": "x"}, "before"),
        ({"query": "x" * 501}, "query"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_name(stage: Stage, params: dict[str, str], param: str) -> None:
    reply = stage.get(**params)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize("number", [999_999, 10**30])
def test_a_picture_that_is_not_there_is_said(stage: Stage, number: int) -> None:
    assert stage.get(f"/{number}/frame.jpg").status_code == 404


def test_a_model_that_calls_the_tool_is_told_what_was_noted(stage: Stage) -> None:
    """The built-in model was not trained on this tool: it is made to call it, and writes the arguments itself."""
    if not stage.notes(query=f"when did the {THING.en} leave?"):
        stage.show(True)
        stage.show(False)
    choice = {"type": "function", "function": {"name": "search_timeline"}}
    question = {"role": "user", "content": f"When did the {THING.en} leave?"}
    body = {"model": "gate", "messages": [question], "tool_choice": choice}
    reply = httpx.post(stage.server.url + "/v1/chat/completions", json=body, timeout=60).json()
    (call,) = reply["askcam"]["tools"]
    assert (call["name"], call["server"], call["error"]) == ("search_timeline", "built-in", None)
    assert THING.en in json.loads(call["arguments"])["query"]
    newest = json.loads(call["output"])["results"][0]
    assert newest["camera"] == "gate"
    assert THING.en in newest["text"]
    assert httpx.get(stage.server.url + newest["url"], timeout=60).headers["content-type"] == "image/jpeg"


def test_the_tool_is_offered_and_prometheus_counts(stage: Stage) -> None:
    tools = {tool["name"]: tool for tool in httpx.get(stage.server.url + "/v1/tools", timeout=60).json()["data"]}
    assert tools["search_timeline"]["available"]
    text = httpx.get(stage.server.url + "/metrics", timeout=60).text
    assert 'askcam_timeline_notes_total{camera="gate",outcome="noted"}' in text
    assert "askcam_timeline_bytes" in text


def test_nothing_is_lost_or_told_twice_when_the_server_is_killed(stage: Stage) -> None:
    """Kill -9 with the thing in sight; it goes while nobody looks; the next life tells that it is gone."""
    stage.show(True)
    before = stage.entries(limit=500, level="note")
    counted = stage.entries(level="day")[0]["text"]
    stage.server.stop(signal.SIGKILL)
    stage.thing.unlink()
    with live_server("--config", str(stage.config)) as server:
        again = Stage(server, stage.thing, stage.config)
        last = max(entry["id"] for entry in before)
        kept = [entry for entry in again.entries(limit=500, level="note") if entry["id"] <= last]
        assert kept == before
        found = until(lambda: [note for note in again.notes() if note["id"] > last], "a note", WAIT_S)
        assert found[0]["disappeared"] == [THING.a]
        assert again.entries(level="day")[0]["text"] != counted
        httpx.delete(f"{server.url}/v1/cameras/gate", timeout=60).raise_for_status()
        assert found[0] in again.notes(camera="gate"), "a camera goes, its notes stay"
        events = httpx.get(f"{server.url}/v1/events", params={"camera": "gate"}, timeout=60).json()["data"]
        assert events
        assert server.stop() == 0


def test_without_a_timeline_the_search_says_how_to_have_one(live_server: LiveServer) -> None:
    reply = httpx.get(live_server.url + "/v1/timeline", timeout=60)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "timeline_off")
    assert "enabled = true under [timeline]" in reply.json()["error"]["message"]
