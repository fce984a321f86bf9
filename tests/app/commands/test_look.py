"""`askcam look` at several pictures, at pictures beside a camera, and at what is none."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from support.clips import write_clip
from support.films import make_film
from support.program import askcam, refused

from askcam.app.commands.looked_at import LookError, split
from askcam.app.config_file import load
from askcam.engine.question import Picture
from askcam.stream.errors import StreamError
from askcam.stream.sources.http_camera import HTTPCamera


def look(*args: str) -> dict[str, Any]:
    done = askcam("look", *args, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture
def drum(tmp_path: Path) -> Path:
    """A drum and a thumbs up."""
    film = make_film(1, 10)
    assert {stay.drawn.en for stay in film.stays if stay.start_s == 0} == {"drum", "thumbs up"}
    path = tmp_path / "drum.png"
    cv2.imwrite(str(path), cv2.cvtColor(next(film.pictures()), cv2.COLOR_RGB2BGR))
    return path


@pytest.fixture
def gray(tmp_path: Path) -> Path:
    path = tmp_path / "gray.webp"
    cv2.imwrite(str(path), np.full((300, 400, 3), 128, np.uint8))
    return path


def test_two_pictures_are_one_message(drum: Path, gray: Path) -> None:
    told = look(str(gray), str(drum), "What do you see?")
    assert [(one["uri"], one["width"], one["height"]) for one in told["pictures"]] == [
        (str(gray), 400, 300),
        (str(drum), 640, 480),
    ]
    assert "drum" in told["answer"] or "thumbs up" in told["answer"], "the second picture is not seen"
    assert told["askcam"]["window"] is None


def test_a_picture_beside_a_camera(drum: Path) -> None:
    told = look("synthetic:3", str(drum), "What do you see?", "--seconds", "1")
    assert told["askcam"]["window"]["pairs"] >= 1
    assert len(told["pictures"]) == 1


def test_a_camera_of_the_file_is_looked_at_by_its_name_or_its_address_and_as_it_is_masked(tmp_path: Path) -> None:
    config = tmp_path / "askcam.toml"
    everything = "[[0, 0], [1, 0], [1, 1], [0, 1]]"
    config.write_text(
        f'[cameras.lobby]\nuri = "synthetic:7"\nmasks = [{everything}]\n[cameras.yard]\nuri = "synthetic:3"\n'
    )
    cameras = load(config).cameras
    for said in ("lobby", "synthetic:7", " synthetic:7"):
        looked, _ = split([said, "What?"], cameras=cameras)
        assert looked.camera is not None
        assert (looked.camera.label, len(looked.masks)) == ("synthetic:7", 1)
    for said in ("yard", "synthetic:8"):
        assert split([said, "What?"], cameras=cameras)[0].masks == ()
    with pytest.raises(LookError, match=r"synthetic:7.*synthetic:3"):
        split(["lobby", "yard", "What?"], cameras=cameras)
    with pytest.raises(StreamError):
        split(["lobby", "What?"])
    told = look("lobby", "What color is the background?", "--seconds", "1", "--config", str(config))
    assert "gray" in told["answer"], "its whole picture is hidden, and grey"


def test_the_words_are_taken_apart(drum: Path, gray: Path, tmp_path: Path) -> None:
    nameless = tmp_path / "nameless"
    nameless.write_bytes(drum.read_bytes())
    looked, question = split([str(nameless), str(gray), "synthetic:3", "what is it?"])
    assert [one.uri for one in looked.pictures] == [str(nameless), str(gray)]
    assert isinstance(looked.pictures[0].picture, Picture)
    assert looked.camera is not None
    assert looked.camera.label == "synthetic:3"
    assert question == "what is it?"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "QUESTION"),
        (["what?"], "QUESTION"),
        (["synthetic:1", " "], "QUESTION"),
        (["synthetic:1", "synthetic:2", "what?"], "synthetic:2"),
        (["nope.JPG", "what?"], "no picture nope.JPG"),
    ],
)
def test_what_cannot_be_looked_at(words: list[str], said: str) -> None:
    with pytest.raises(LookError, match=said):
        split(words)


def test_pictures_without_a_question(gray: Path) -> None:
    with pytest.raises(LookError, match="what do you want to know"):
        split([str(gray), str(gray)])


def test_a_folder_and_a_broken_picture(tmp_path: Path) -> None:
    with pytest.raises(LookError, match=r"is a folder: name the pictures in it"):
        split([str(tmp_path), "what?"])
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear camera,")
    with pytest.raises(LookError, match=r"letter\.jpg: the picture is a text, which is not read"):
        split([str(letter), "what?"])
    letter.write_bytes(b"")
    with pytest.raises(LookError, match=r"letter\.jpg: the picture is empty"):
        split([str(letter), "what?"])
    odd = tmp_path / "folder.png"
    odd.mkdir()
    with pytest.raises(LookError, match="is a folder"):
        split([str(odd), "what?"])


def test_pixel_limits_that_cannot_be_kept(gray: Path) -> None:
    said = refused("look", str(gray), "what?", "--min-pixels", "2000", "--max-pixels", "1000")
    assert "--min-pixels 2000" in said
    assert "max_pixels 100" in refused("look", str(gray), "what?", "--max-pixels", "100")


def test_a_clip_that_is_shorter_than_the_window_is_asked_about_as_it_is(tmp_path: Path) -> None:
    write_clip(tmp_path / "bell.mp4", num_frames=3, fps=10)
    told = look(str(tmp_path / "bell.mp4"), "What do you see?")
    assert told["answer"]
    assert told["askcam"]["window"]["frames"] == 2  # at two a second, the newest among them


@pytest.mark.parametrize("fps", [0.5, 5.0])
def test_a_camera_that_is_polled_is_asked_as_often_as_it_is_looked_at(fps: float) -> None:
    looked, _ = split(["http://127.0.0.1:9/snap.jpg", "what is it?"], fps)
    assert looked.camera is not None
    source = looked.camera.make()
    assert isinstance(source, HTTPCamera)
    assert source.interval_s == 1 / fps


def test_a_photo_that_only_pillow_reads_is_looked_at_and_another_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (96, 64), (200, 0, 0)).save(tmp_path / "photo.avif")
    looked, _ = split([str(tmp_path / "photo.avif"), "what is it?"])
    assert [(one.width, one.height) for one in looked.pictures] == [(96, 64)]
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    with pytest.raises(LookError, match="HEIC photo, which is not read here: save it as JPEG or PNG"):
        split([str(tmp_path / "photo.heic"), "what is it?"])
