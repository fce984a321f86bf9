"""[watching] and [watches.NAME] of askcam.toml."""

from pathlib import Path

import pytest

from askcam.app.config_file import check, load
from askcam.server.config_errors import ConfigError
from askcam.server.storage.folder import data_folder

WATCH = '[cameras.lobby]\nuri = "webcam:0"\n[watches.door]\nquestion = "Is the door open?"\ncameras = ["lobby"]\n'


def test_watches_are_read_and_kept_beside_evidence(tmp_path: Path) -> None:
    file = tmp_path / "askcam.toml"
    file.write_text(
        WATCH + 'every_s = 5.0\nquiet = ["22:00-06:00"]\ntime_zone = "Europe/Berlin"\nseverity = "critical"\n'
    )
    config = load(file, {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)})
    door = config.sections["watches"]["door"]
    assert (door.question, door.cameras, door.every_s, door.severity) == (
        "Is the door open?",
        ("lobby",),
        5,
        "critical",
    )
    assert config.sections["watching"].folder == data_folder({"XDG_DATA_HOME": str(tmp_path / "data")}).with_name(
        "watching"
    )
    check(config)
    file.write_text(WATCH + '[watching]\nfolder = "kept"\n')
    assert load(file).sections["watching"].folder == tmp_path / "kept"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (WATCH + "on = 2.0\n", r":6: watches.door.on: .*2"),
        (WATCH + "off = 0.9\n", r":6: watches.door.off: off is 0.9"),
        (WATCH + 'quiet = ["22-6"]\n', r":6: watches.door.quiet: quiet is wrong: '22-6' is no span of hours"),
        (WATCH + "evry_s = 2\n", r":6: watches.door.evry_s: unknown key; did you mean 'every_s'"),
        (WATCH.replace("door]", "Door]"), r":3: watches.Door: a watch's name"),
        (WATCH.replace('cameras = ["lobby"]\n', ""), r"watches.door.cameras: a watch needs cameras"),
        ("[watching]\nmax_events = 0\n", r":2: watching.max_events"),
    ],
)
def test_watches_that_make_no_sense_are_refused_with_their_line(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "askcam.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        load(file)


def test_a_watch_of_a_camera_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "askcam.toml"
    file.write_text(WATCH.replace('["lobby"]', '["loby"]'))
    with pytest.raises(ConfigError, match=r"\[watches.door\]: there is no camera 'loby'; cameras here: lobby"):
        check(load(file))


def test_a_watch_of_a_zone_that_a_camera_has_not_is_refused_with_those_that_it_has(tmp_path: Path) -> None:
    file = tmp_path / "askcam.toml"
    file.write_text(WATCH + 'zone = "dor"\n[cameras.lobby.zones.door]\npolygon = [[0, 0], [1, 0], [1, 1]]\n')
    with pytest.raises(ConfigError, match=r"\[watches.door\]: the camera 'lobby' has no zone 'dor'; its zones: door"):
        check(load(file))
    file.write_text(file.read_text().replace('"dor"', '"door"'))
    check(load(file))
    file.write_text(WATCH + 'zone = "door"\n')
    with pytest.raises(ConfigError, match=r"it has none; \[cameras.lobby.zones.NAME\] makes one"):
        check(load(file))
