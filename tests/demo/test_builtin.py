"""What ships with the demo: a model folder that loads offline, and a licence for every file of art."""

import json
from pathlib import Path

import askcam.demo.objects
from askcam.demo.builtin import model_path
from askcam.demo.drawings import SIDE, STYLES, sprite
from askcam.demo.objects import drawn_objects

DEMO = Path(askcam.demo.objects.__file__).parent


def test_the_model_folder_is_whole() -> None:
    folder = model_path()
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    needed = {"config.json", "tokenizer.json", "preprocessor_config.json", *index["weight_map"].values()}
    assert {path.name for path in folder.iterdir()} >= needed


def test_it_says_how_it_may_be_used() -> None:
    said = json.loads((model_path() / "askcam.json").read_text())
    assert said["max_pairs"] == 8
    assert said["grids"] == [[8, 8], [6, 9], [6, 10]]
    assert "not the real world" in said["note"]


def test_every_object_is_drawn_in_every_style() -> None:
    assert len(drawn_objects()) == 405
    for style in STYLES:
        for drawn in drawn_objects():
            drawing = sprite(style, drawn.index)
            assert drawing.shape == (SIDE, SIDE, 4)
            assert drawing[..., 3].max() > 200, (style, drawn.en)


def test_objects_have_their_articles() -> None:
    articles = {drawn.en: drawn.a for drawn in drawn_objects()}
    assert articles["apple"] == "an apple"
    assert articles["unicorn"] == "a unicorn"
    assert articles["hourglass"] == "an hourglass"
    assert articles["bunch of grapes"] == "a bunch of grapes"


def test_names_are_unique() -> None:
    names = [drawn.en for drawn in drawn_objects()]
    assert len(set(names)) == len(names)


def test_every_file_of_art_has_its_licence() -> None:
    licences = (DEMO / "LICENCES.md").read_text()
    for folder in ("sprites", "fonts"):
        for path in (DEMO / folder).iterdir():
            assert path.name in licences, path.name
