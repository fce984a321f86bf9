"""Clips of a real server: played in pieces, by a link without a token, told when they are there, and exported."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from support.clip_stage import play
from support.program import askcam
from support.servers.askcam_server import live_server
from support.servers.running import MJPEGServer
from support.shown import FILE, QUESTION, SCENE
from support.waiting import until
from support.watched_stage import CONFIG, Listener, Stage

CLIPS = """
[cameras.none]
uri = "synthetic:1"
clips = false

[clips]
folder = "clips"
before_s = 1.0
after_s = 1.5
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("clips")
    config, thing = folder / "askcam.toml", folder / "shown"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE, str(thing))
        with MJPEGServer(SCENE) as camera:
            config.write_text(CONFIG.format(url=camera.url, question=QUESTION) + CLIPS)
            with live_server("--config", str(config)) as server:
                yield Stage(server, camera, thing, config)


@pytest.fixture(scope="module")
def made(stage: Stage) -> dict[str, Any]:
    """An event whose clip is ready; it was pending before, and whoever followed was told."""
    stage.await_state("off")
    listener = Listener(stage.server)
    thread = listener.listen(2)
    stage.show(True)
    stage.await_state("on")
    first = until(lambda: [one for one in stage.events() if one["kind"] == "on"], "the event")[-1]
    with stage.http("viewers") as http:
        pending = http.get(f"/v1/events/{first['id']}/clip.mp4")
        if pending.status_code != 200:  # on a slow machine it is there already
            assert (pending.status_code, pending.json()["error"]["code"]) == (503, "clip_pending")
            assert int(pending.headers["retry-after"]) >= 1
    thread.join(60)
    assert listener.names == ["on", "clip"]
    (told,) = listener.heard[1]["data"]
    event = next(one for one in stage.events() if one["id"] == first["id"])
    assert told == {"id": event["id"], "clip": event["clip"]}
    assert event["clip"]["state"] == "ready"
    return event


def clip(stage: Stage, made: dict[str, Any], method: str = "GET", **headers: str) -> httpx.Response:
    with stage.http("viewers") as http:
        return http.request(method, made["clip"]["url"], headers=headers)


def test_it_plays_whole_and_in_pieces(stage: Stage, made: dict[str, Any]) -> None:
    whole = clip(stage, made)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    assert (whole.headers["accept-ranges"], whole.headers["content-length"]) == ("bytes", str(made["clip"]["bytes"]))
    assert play(whole.content, 0.0, read=False).codec == "h264"
    size = len(whole.content)
    for wanted, start, end in (("0-99", 0, 100), ("100-", 100, size), ("-7", size - 7, size), ("5-5", 5, 6)):
        piece = clip(stage, made, Range=f"bytes={wanted}")
        assert (piece.status_code, piece.content) == (206, whole.content[start:end])
        assert piece.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = clip(stage, made, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert clip(stage, made, Range="bytes=0-1,4-5").content == whole.content


def test_it_is_asked_about_without_being_sent(stage: Stage, made: dict[str, Any]) -> None:
    head = clip(stage, made, "HEAD")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(made["clip"]["bytes"]))
    part = clip(stage, made, "HEAD", Range="bytes=0-9")
    assert (part.status_code, part.headers["content-length"]) == (206, "10")
    tag = head.headers["etag"]
    same = clip(stage, made, **{"If-None-Match": f'"other", {tag}'})
    assert (same.status_code, same.content) == (304, b"")
    assert clip(stage, made, **{"If-Range": tag, "Range": "bytes=0-9"}).status_code == 206
    assert clip(stage, made, **{"If-Range": '"other"', "Range": "bytes=0-9"}).status_code == 200


def test_who_has_no_token_needs_the_link(stage: Stage, made: dict[str, Any]) -> None:
    link = made["clip"]["link"]
    parts = urlsplit(link)
    if stage.server.front is not None:
        assert link is None, "a front signs none"
        return
    assert f"{parts.scheme}://{parts.netloc}" == stage.server.url
    with httpx.Client(base_url=stage.server.url, timeout=60) as nobody:
        assert nobody.get(made["clip"]["url"]).status_code == 401
        whole = nobody.get(link)
        assert (whole.status_code, len(whole.content)) == (200, made["clip"]["bytes"])
        assert nobody.get(link, headers={"Range": "bytes=0-9"}).status_code == 206
        for wrong in (
            re.sub(r"key=.", "key=_", link) if "key=_" not in link else re.sub(r"key=.", "key=A", link),
            re.sub(r"until=\d", "until=9", link),
            link.replace(f"/{made['id']}.mp4", f"/{made['id'] + 1}.mp4"),
            link.partition("?")[0],
        ):
            over = nobody.get(wrong)
            assert (over.status_code, over.json()["error"]["code"]) == (404, "link_over")
    signature = parts.query.partition("key=")[2]
    assert signature not in "".join(stage.server.log)


def test_what_is_not_there_is_said(stage: Stage, made: dict[str, Any]) -> None:
    with stage.http("viewers") as http:
        none = http.get("/v1/events/4711/clip.mp4")
        assert (none.status_code, none.json()["error"]["code"]) == (404, "not_found")
        assert http.get(f"/v1/events/{2**70}/clip.mp4").status_code == 404
        metrics = httpx.get(f"{stage.server.url}/metrics", headers=dict(http.headers), timeout=60).text
    if stage.server.front is None:
        assert re.search(r'askcam_clips_total{outcome="ready"} [1-9]', metrics)


def export(stage: Stage, out: Path, *more: str, token: str = "viewers-token") -> tuple[int, dict[str, Any]]:
    where = ("--out", str(out), "--url", stage.server.url)
    done = askcam("events", "export", *where, "--json", *more, env={"ASKCAM_TOKEN": token})
    return done.returncode, json.loads(done.stdout or "{}")


def test_events_are_exported_and_gone_on_with(stage: Stage, made: dict[str, Any], tmp_path: Path) -> None:
    stage.show(False)
    stage.await_state("off")
    code, said = export(stage, tmp_path, "--camera", "gate")
    assert (code, said["missing"]) == (0, 0), (tmp_path / "missing.jsonl").read_text()
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [event["id"] for event in events] == sorted(event["id"] for event in stage.events(camera="gate"))
    assert {event["clip"]["state"] for event in events} == {"ready"}
    clips = {int(path.stem.partition("-")[2]): path for path in (tmp_path / "clips").iterdir()}
    assert {number: path.stat().st_size for number, path in clips.items()} == {
        event["id"]: event["clip"]["bytes"] for event in events
    }
    assert len(list((tmp_path / "pictures").iterdir())) == sum(1 + len(event["frames"]) for event in events)
    before = clips[made["id"]].read_bytes()
    clips[made["id"]].write_bytes(before[:100])
    untouched = {path: path.stat().st_mtime_ns for path in (tmp_path / "pictures").iterdir()}
    assert export(stage, tmp_path)[0] == 0
    assert clips[made["id"]].read_bytes() == before
    assert {path: path.stat().st_mtime_ns for path in untouched} == untouched, "what was there was fetched again"


def test_an_export_that_lacks_something_says_what(stage: Stage, made: dict[str, Any], tmp_path: Path) -> None:
    (stage.config.parent / "clips" / f"{made['id']}.mp4").unlink() if stage.server.front is None else pytest.skip("ids")
    code, said = export(stage, tmp_path, "--to", made["at"])
    lines = [json.loads(line) for line in (tmp_path / "missing.jsonl").read_text().splitlines()]
    assert (code, said["missing"]) == (1, 1)
    assert [(line["event"], line["what"]) for line in lines] == [(made["id"], "clip")]
    assert "gone from the folder" in lines[0]["why"]
    gone = clip(stage, made)
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "clip_missing")
    assert "no longer in the folder" in gone.json()["error"]["message"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--from", "yesterday"), "--from='yesterday' must be like"),
        (("--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"), "lies before"),
        (("--camera", "gate", "--from", "2026-01-02T00:00:00"), "must be like"),
    ],
)
def test_what_cannot_be_exported_is_refused(stage: Stage, tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    done = askcam("events", "export", "--out", str(tmp_path), "--url", stage.server.url, *more)
    assert done.returncode == 2
    assert said in done.stderr


def test_an_export_wants_a_token(stage: Stage, tmp_path: Path) -> None:
    assert export(stage, tmp_path, token="wrong")[0] == 2
