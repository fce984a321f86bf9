"""The askcam program as a user runs it: each command in a process of its own."""

import json
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from support.clips import write_clip
from support.ports import own_port
from support.program import askcam, refused
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as running


def test_demo_once_answers_three_questions_rightly() -> None:
    done = askcam("demo", "--once", "--json", "--seed", "11")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    answers = [line for line in lines if "question" in line]
    assert len(answers) == 3
    for line in answers:
        assert {"question", "answer", "truth", "correct", "ttft_ms", "frame_age_ms"} <= line.keys()
        assert line["correct"], line
    assert done.returncode == 0, done.stderr


def test_a_running_server_is_asked_from_the_command_line(live_server: LiveServer) -> None:
    done = askcam("ask", "What do you see?", "--camera", "lobby", "--url", live_server.url, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answer"].startswith("I see ")
    assert told["askcam"]["camera"] == "lobby"


def test_the_only_camera_needs_no_name(live_server: LiveServer) -> None:
    done = askcam("ask", "What do you see?", "--url", live_server.url, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["askcam"]["camera"] == "lobby"


@pytest.mark.parametrize(("cameras", "words"), [([], "no camera"), (["b=synthetic:1", "a=synthetic:2"], "b, a")])
def test_none_or_several_cameras_are_told(cameras: list[str], words: str) -> None:
    with running(cameras=cameras) as server:
        assert words in refused("ask", "What?", "--url", server.url)


def test_the_version() -> None:
    done = askcam("--version")
    assert (done.returncode, done.stdout.split()) == (0, ["askcam", version("askcam")])


@pytest.mark.parametrize("args", [["bench"], ["bench", "--help"]])
def test_bench_lists_what_it_measures(args: list[str]) -> None:
    done = askcam(*args)
    assert done.returncode == 0, done.stderr
    assert "askcam bench portable --help" in done.stdout
    assert "askcam bench engine --help" in done.stdout


def test_an_unknown_benchmark_names_the_known_ones() -> None:
    said = refused("bench", "speed")
    assert all(word in said for word in ("'speed'", "portable", "engine"))


@pytest.mark.parametrize("uri", ["webcam:97", "{folder}/empty.mp4"])
def test_what_is_not_on_this_machine_is_told_before_a_model_is_read(tmp_path: Path, uri: str) -> None:
    (tmp_path / "empty.mp4").touch()
    uri = uri.format(folder=tmp_path)
    said = refused("look", uri, "What?", "--model", str(tmp_path))  # which is no model: that would be told, too
    assert uri.rpartition(":")[2] in said
    assert "config.json" not in said


def test_a_second_server_of_one_user_says_who_keeps_the_watches(tmp_path: Path) -> None:
    home = {"XDG_DATA_HOME": str(tmp_path)}
    watch = {"question": "Is there a dog?", "cameras": ["a"]}
    with running(cameras=["a=synthetic:1"], env=home) as first:
        assert httpx.post(f"{first.url}/v1/watches", json={"name": "dog", **watch}, timeout=60).status_code == 201
        with running(cameras=["a=synthetic:1"], env=home) as second:
            said = "".join(second.log)
            assert "another askcam that runs here keeps the watches" in said
            assert "WARNING" not in said
            assert httpx.get(f"{second.url}/v1/watches", timeout=60).json()["data"] == []


def test_asking_about_an_unknown_camera_names_the_known_ones(live_server: LiveServer) -> None:
    said = refused("ask", "What?", "--camera", "loby", "--url", live_server.url)
    assert "'loby'" in said
    assert "lobby" in said


def test_asking_where_nobody_listens_says_so() -> None:
    port = own_port()
    said = refused("ask", "What?", "--camera", "lobby", "--url", f"http://127.0.0.1:{port}")
    assert str(port) in said


def test_look_answers_about_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "grey.png"
    cv2.imwrite(str(picture), np.full((224, 224, 3), 128, np.uint8))
    done = askcam("look", str(picture), "What color is the background?", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"] == "The background is gray."


def test_look_answers_about_a_camera() -> None:
    done = askcam("look", "synthetic:11", "What do you see?", "--json", "--seconds", "1")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answer"].startswith("I see ")
    assert told["askcam"]["window"]["pairs"] >= 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["look", "gopher://x/y", "What?"], "gopher"),
        (["look", "no-such-file.mp4", "What?"], "no-such-file.mp4"),
        (["look", "webcam:97", "What?"], "97"),
        (["serve", "--camera", "lobby"], "NAME=URI"),
        (["serve", "--camera", "askcam=synthetic:1"], "askcam"),
        (["serve", "--camera", "a=gopher://x"], "gopher"),
        (["serve", "--config", "no-such.toml"], "no-such.toml"),
        (["serve", "--host", "0.0.0.0"], "ASKCAM_TOKEN"),
        (["serve", "--port", "70000"], "70000"),
        (["serve", "--backend", "magic"], "magic"),
        (["serve", "--tls-cert", "no-such.pem"], "tls_key"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(args: list[str], words: str) -> None:
    assert words in refused(*args)


def test_a_file_that_is_no_video_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "letter.mp4"
    path.write_text("Dear camera,")
    assert "letter.mp4" in refused("look", str(path), "What?")


def test_a_model_folder_without_weights_is_told_so(tmp_path: Path) -> None:
    said = refused("serve", "--port", "0", "--model", str(tmp_path))
    assert str(tmp_path) in said


def test_a_port_in_use_is_named_with_a_remedy(live_server: LiveServer) -> None:
    port = live_server.url.rsplit(":", 1)[1]
    said = refused("serve", "--port", port)
    assert port in said
    assert "--port" in said


def test_a_broken_config_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "askcam.toml"
    path.write_text("[server]\nport = 8400\nhots = '127.0.0.1'\n")
    said = refused("serve", "--config", str(path))
    assert f"{path}:3" in said
    assert "host" in said


def test_a_password_on_the_command_line_is_not_repeated() -> None:
    said = refused("look", "rtsp://admin:hunter2@127.0.0.1:1/cam", "What?")
    assert "hunter2" not in said
    assert "127.0.0.1:1" in said


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_cleanly_when_told_to(sig: signal.Signals) -> None:
    with running(cameras=["lobby=synthetic:1"]) as server:
        assert server.stop(sig) == 0


def test_serve_can_be_ended_while_the_model_still_loads() -> None:
    with running(until="listening") as server:
        assert server.stop(signal.SIGINT) == 0


LOADS = """
import asyncio, atexit, os, threading, time
from askcam.app.commands.running import run
from askcam.app.loading import LOADING

async def main():
    print("ended")

threading.Thread(target=time.sleep, args=(600,), name=LOADING, daemon=True).start()
atexit.register(lambda: os._exit(9))  # as PyTorch's threads do when they are taken down at work
run(main())
"""


def test_the_interpreter_is_not_taken_down_under_a_model_that_still_loads() -> None:
    done = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr


def test_doctor_finds_this_machine_its_camera_and_a_short_clip_well(tmp_path: Path) -> None:
    write_clip(tmp_path / "bell.mp4", num_frames=3, fps=10)
    done = askcam("doctor", "--camera", "synthetic:1", "--camera", str(tmp_path / "bell.mp4"), "--json")
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    bad = {found["what"] for found in findings if not found["ok"]}
    assert bad <= {"speed"}, done.stdout + done.stderr  # a machine that others use may be too slow, and is told so
    assert done.returncode == bool(bad), done.stderr
    assert {"python", "torch", "device", "camera synthetic:1"} <= {found["what"] for found in findings}
    assert [found["ok"] for found in findings if found["what"].startswith("camera")] == [True, True], findings


def test_doctor_names_what_is_wrong_with_a_camera(tmp_path: Path) -> None:
    no_model = ["--model", str(tmp_path)]  # whose speed would be measured
    done = askcam("doctor", "--camera", "rtsp://admin:hunter2@127.0.0.1:1/cam", *no_model, "--json")
    assert done.returncode == 1
    bad = [found["what"] for line in done.stdout.splitlines() if not (found := json.loads(line))["ok"]]
    assert [what for what in bad if what.startswith("camera")] == ["camera rtsp://***@127.0.0.1:1/cam"]
    assert "hunter2" not in done.stdout


@pytest.mark.parametrize("what", ["portable", "engine"])
def test_both_benchmarks_run_anywhere(what: str) -> None:
    sizes = (
        ["--frames", "2", "--repeats", "1"]
        if what == "portable"
        else ["--frames", "4", "--repeats", "1", "--seconds", "1"]
    )
    done = askcam("bench", what, "--tiny", *sizes)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["bench"] == what
