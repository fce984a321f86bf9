"""[models.NAME] of askcam.toml: what is read, and one clear line for whatever is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.app.config import Config
from askcam.app.config_file import check, load, with_cameras
from askcam.app.features import model_uses
from askcam.app.known_secrets import learn
from askcam.app.loading import engine_configs
from askcam.server.config_errors import ConfigError
from askcam.server.model_names import check_model_names, key_variable
from askcam.stream.secrets import Secrets

WHOLE = """
[model]
threads = 1

[models.large]
url = "http://gpu1:8000/v1"
dialect = "vllm"
tokenizer = "beside"

[models.second]
model = "demo"
max_pairs = 4

[cameras.lobby]
uri = "synthetic:7"
fps = 4
model = "large"

[cameras.yard]
uri = "synthetic:8"

[watches.door]
question = "Is the door open?"
cameras = ["lobby"]
model = "second"
"""
CAMERA = '[cameras.lobby]\nuri = "synthetic:7"\n'
WATCH = '[watches.door]\nquestion = "Is it open?"\ncameras = ["lobby"]\n'


def read(folder: Path, text: str, **env: str) -> Config:
    file = folder / "askcam.toml"
    file.write_text(text)
    config = load(file, {"XDG_DATA_HOME": str(folder), "HOME": str(folder), **env})
    check(config)
    return config


def test_models_are_read_with_what_names_them(tmp_path: Path) -> None:
    config = read(tmp_path, WHOLE)
    assert [*config.all_models()] == ["askcam", "large", "second"]
    assert config.models["large"].tokenizer == str(tmp_path / "beside")
    uses = tuple(model_uses(config.sections))
    assert {called: config.seen_by(called, uses) for called in config.all_models()} == {
        "askcam": {"yard"},
        "large": {"lobby"},
        "second": {"lobby"},
    }
    assert config.wanted_fps("second", uses) == 4.0


def test_each_server_is_sent_its_own_key_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"ASKCAM_MODEL_KEY": "the-usual-ones-key", "ASKCAM_MODEL_KEY_LARGE": "the-large-ones-key"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    there = '[models.{}]\nurl = "http://gpu{}/v1"\n'
    text = '[model]\nurl = "http://gpu0/v1"\n' + there.format("large", 1) + there.format("other", 2)
    config = read(tmp_path, text)
    engines = engine_configs(config, "built-in")
    assert {called: each.key for called, each in engines.items()} == {
        "askcam": "the-usual-ones-key",
        "large": "the-large-ones-key",
        "other": None,
    }
    assert engines["other"].key_name == "ASKCAM_MODEL_KEY_OTHER"  # what is named where it lacks one
    known = Secrets()
    learn(config, keys, known)
    assert known.hide(" ".join(keys.values())).count("key") == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CAMERA + 'model = "large"\n', "there is no model 'large'; models here: askcam; one more is [models.NAME]"),
        (CAMERA + WATCH + 'model = "large"\n', "[watches.door]: there is no model 'large'"),
        (CAMERA + WATCH + "model = 7\n", "watches.door.model: expected a string"),
        (CAMERA + "[models.lobby]\n", "'lobby' is the name of a camera, too"),
        ("[models.askcam]\n", "'askcam' is asked for the model of [model]"),
        ("[models.all]\n", "'all' is asked for all cameras together"),
        ("[models.push-me]\n", "'push-me' begins as pushed cameras do"),
        ("[models.large]\n[models.Large]\n", "'Large' cannot be a model's name"),
        ("[models.LARGE]\n", "write 'large'"),
        ("[models.a-b]\n[models.a_b]\n", "ASKCAM_MODEL_KEY_A_B"),
        ("[models.large]\nbakend = 'live'\n", "did you mean 'backend'?"),
        ("[models.large]\ndevice = 'cuda'\nurl = 'http://gpu1/v1'\n", "runs elsewhere"),
        ("[models.large]\nurl = 'http://me:hunter2@gpu1/v1'\n", "ASKCAM_MODEL_KEY"),
        ("[models]\nlarge = 3\n", "expected a table like [models.large]"),
        ("models = 3\n", "expected tables like [models.large]"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_camera_of_the_command_line_takes_no_models_name(tmp_path: Path) -> None:
    config = with_cameras(read(tmp_path, "[models.large]\n"), ["large=synthetic:7"])
    with pytest.raises(ConfigError, match="'large' is the name of a camera, too"):
        check(config)


NAMES = st.text("abAB01-_. é", min_size=1, max_size=6) | st.sampled_from(["askcam", "all", "push", "push-1", "lobby"])


@given(st.lists(NAMES, unique=True, max_size=4), st.sets(NAMES, max_size=3))
def test_names_that_are_taken_can_all_be_asked_for_and_have_keys_of_their_own(
    names: list[str], cameras: set[str]
) -> None:
    complaint = ""
    try:
        check_model_names(names, cameras)
    except ValueError as exc:
        complaint = str(exc)
    if complaint:
        assert any(repr(name) in complaint for name in names)  # it says which
        return
    asked = [*names, *cameras, "askcam", "all"]
    assert len({*asked}) == len(names) + len(cameras | {"askcam", "all"})
    assert all(name == name.lower() and not name.startswith("push") for name in names)
    keys = {key_variable(name) for name in names}
    assert len(keys) == len(names)
    assert all(key.isidentifier() and key != key_variable("askcam") for key in keys)
