"""`askcam ask` of a running server: one camera, or all of them."""

import json
from collections.abc import Iterator

import pytest
from support.program import askcam, refused
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs

QUESTION = "What does the sign say?"


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A camera that can be seen, and one that can't."""
    with live_server(cameras=["lobby=synthetic:7", "gate=rtsp://127.0.0.1:9/nobody"]) as server:
        wait_for_pairs(server, "lobby", 2)
        yield server


def test_all_cameras_are_asked_each_is_told_and_then_what_is_made_of_them(server: LiveServer) -> None:
    done = askcam("ask", QUESTION, "--camera", "all", "--url", server.url, "--json")
    assert done.returncode == 0, done.stderr
    *each, whole = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in each] == ["camera.answered"] * 2
    found = {line["camera"]: line for line in each}
    assert found["gate"]["problem"]["code"] == "camera_unavailable"
    assert whole["answer"] == f"lobby: {found['lobby']['text']}\ngate: no answer"
    assert (whole["question"], whole["made_by"]) == (QUESTION, "listing")
    assert [one["camera"] for one in whole["askcam"]["answers"]] == ["lobby", "gate"]


def test_people_are_told_the_same_in_words(server: LiveServer) -> None:
    done = askcam("ask", QUESTION, "--camera", "all", "--url", server.url)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert sum(line.startswith("gate: no answer: ") for line in lines) == 1  # and why
    made = lines.index("gate: no answer")
    assert lines[made - 1] in lines[: made - 1]  # what lobby answered, alone and in the one of all


def test_who_names_none_of_several_is_told_of_all(server: LiveServer) -> None:
    said = refused("ask", QUESTION, "--url", server.url)
    assert "lobby, gate" in said
    assert "--camera all" in said


@pytest.mark.parametrize("camera", ["lobby", "all"])
def test_what_the_server_refuses_names_the_option(server: LiveServer, camera: str) -> None:
    said = refused("ask", QUESTION, "--camera", camera, "--url", server.url, "--max-age-ms", "-5")
    assert "--max-age-ms" in said
    assert "max_age_ms" not in said


def test_an_unknown_camera_is_refused_by_its_name(server: LiveServer) -> None:
    assert "'yard'" in refused("ask", QUESTION, "--camera", "yard", "--url", server.url)


def test_where_a_camera_is_called_all_it_is_asked_itself() -> None:
    with live_server(cameras=["all=synthetic:7", "gate=rtsp://127.0.0.1:9/nobody"]) as server:
        wait_for_pairs(server, "all", 2)
        done = askcam("ask", QUESTION, "--camera", "all", "--url", server.url, "--json")
        assert done.returncode == 0, done.stderr
        (line,) = done.stdout.splitlines()
        assert json.loads(line)["askcam"]["camera"] == "all"
