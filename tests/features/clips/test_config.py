"""[clips] of askcam.toml."""

from pathlib import Path
from typing import Any

import pytest

from askcam.app.asgi import all_endpoints
from askcam.app.build import build_core
from askcam.app.config_file import check, load
from askcam.features.clips.config import ClipsConfig
from askcam.server.config_errors import ConfigError


def read(tmp_path: Path, text: str) -> ClipsConfig | None:
    path = tmp_path / "askcam.toml"
    path.write_text(text)
    config = load(path, {"XDG_DATA_HOME": "/data"})
    check(config)
    found: ClipsConfig | None = config.sections["clips"]
    return found


@pytest.mark.parametrize("text", ["", "[clips]\nenabled = false"])
def test_without_the_section_or_switched_off_there_are_none(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) is None


def test_the_section_alone_switches_them_on(tmp_path: Path) -> None:
    assert read(tmp_path, "[clips]") == ClipsConfig(folder=Path("/data/askcam/clips"))


def test_a_folder_lies_beside_the_file(tmp_path: Path) -> None:
    found = read(tmp_path, '[clips]\nfolder = "kept/clips"\npublic_url = "https://cams.example/askcam"')
    assert found is not None
    assert found.folder == tmp_path / "kept/clips"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("before_s = -1", "before_s"),
        ("before_s = 61", "before_s"),
        ("after_s = 121", "after_s"),
        ("before_s = nan", "before_s"),
        ("before_s = 0\nafter_s = 0", "both 0"),
        ("max_bytes = 0", "max_bytes"),
        ("max_days = 0", "max_days"),
        ("memory_bytes = 1000", "memory_bytes"),
        ("link_hours = 1000", "link_hours"),
        ("link_hours = 0", "link_hours"),
        ("befor_s = 3", "before_s"),
        ('public_url = "cams.example"', "public_url"),
        ('public_url = "ftp://cams.example"', "public_url"),
        ('public_url = "https://user:pw@cams.example"', "public_url"),
        ('public_url = "https://cams.example?x=1"', "public_url"),
        ('public_url = "https://cams.example:port"', "public_url"),
        ('public_url = "https://ca ms"', "public_url"),
        ('public_url = "https://"', "public_url"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, f"[clips]\n{line}")


@pytest.mark.parametrize("value", ["1", '"no"', "[]"])
def test_a_cameras_option_is_yes_or_no(tmp_path: Path, value: Any) -> None:
    with pytest.raises(ConfigError, match="clips"):
        read(tmp_path, f'[cameras.gate]\nuri = "synthetic:1"\nclips = {value}')


def test_without_the_section_a_server_has_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "askcam.toml").write_text('[cameras.gate]\nuri = "synthetic:1"\nclips = true')
    house = build_core(load(tmp_path / "askcam.toml", {}))
    assert not [each.path for each in all_endpoints(house) if "clip" in each.path]
    assert (house.cameras.opening, house.cameras.closing) == ([], [])
    assert "askcam_clips" not in house.metrics.render().decode()
