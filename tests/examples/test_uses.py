"""The commands of docs/uses.md run as they stand; one for a real model runs with the built-in one in its place."""

import json
import re
import shlex
import shutil
from pathlib import Path

import cv2
import httpx
import pytest
from support.films import make_film, write_film
from support.program import TIMEOUT_S, askcam
from support.servers.askcam_server import LiveServer

from askcam.demo.synthetic import SyntheticScene

TEXT = (Path(__file__).parents[2] / "docs/uses.md").read_text()
COMMANDS = re.findall(r"^    askcam (.+)$", TEXT, re.MULTILINE)
MODEL = re.compile(r"--model \S+ ")
OWN = [command for command in COMMANDS if not MODEL.search(command) and not command.startswith("ask ")]
FOR_OTHERS = [command for command in COMMANDS if MODEL.search(command)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures and the film that the page speaks of."""
    folder = tmp_path_factory.mktemp("desk")
    film = make_film(2, 20)
    pictures = list(film.pictures())
    scene = SyntheticScene(7).at(3.0)
    for name, pixels in (("before", pictures[0]), ("after", pictures[-1]), ("sign", scene)):
        cv2.imwrite(str(folder / f"{name}.jpg"), pixels[:, :, ::-1])
    for name in ("product", "parts"):
        shutil.copy(folder / "sign.jpg", folder / f"{name}.jpg")
    write_film(film, folder / "shelf.mp4")
    return folder


def test_the_page_has_commands_of_every_kind() -> None:
    assert {command.split()[0] for command in COMMANDS} == {"look", "summarize", "ask"}
    assert len(COMMANDS) >= 12


@pytest.mark.parametrize("command", [*OWN, *(command for command in FOR_OTHERS if "pixels" in command)])
def test_a_command_of_the_page(command: str, desk: Path) -> None:
    words = [
        str(desk / word) if re.fullmatch(r"\w+\.(jpg|mp4|md)", word) else word
        for word in shlex.split(MODEL.sub("", command))
    ]
    done = askcam(*words)
    assert done.returncode == 0, done.stderr
    told = (desk / "shelf.md").read_text() if "--out" in words else done.stdout
    assert len(told.strip()) > 3


@pytest.mark.parametrize("command", FOR_OTHERS)
def test_a_command_for_a_real_model_names_it_pictures_and_one_question(command: str) -> None:
    words = shlex.split(re.sub(r"--max-pixels \d+ ", "", MODEL.sub("", command)))
    assert words[0] == "look"
    *pictures, question = words[1:]
    assert pictures
    assert all(picture.endswith(".jpg") for picture in pictures)
    assert " " in question


def test_a_question_to_a_server(live_server: LiveServer) -> None:
    (command,) = [command for command in COMMANDS if command.startswith("ask ")]
    done = askcam(*shlex.split(command.replace("--camera desk", f"--camera lobby --url {live_server.url}")))
    assert done.returncode == 0, done.stderr


def test_json_of_a_schema(live_server: LiveServer) -> None:
    body = re.search(r"-d '(\{.*?\}\})'", TEXT, re.DOTALL)
    assert body is not None
    asked = json.loads(body[1]) | {"model": "lobby"}
    reply = httpx.post(f"{live_server.url}/v1/chat/completions", json=asked, timeout=TIMEOUT_S)
    assert reply.status_code == 200, reply.text
    told = json.loads(reply.json()["choices"][0]["message"]["content"])
    assert told == {"objects": [SyntheticScene(7).scene.traveller.drawn.en]}
