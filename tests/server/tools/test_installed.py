"""Tools that other packages bring, by entry points of real installed distributions; and the catalogue's file."""

from pathlib import Path

import pytest

from askcam.features.desk.catalogue.taking import open_named
from askcam.server.config_errors import ConfigError
from askcam.server.tools.base import Circumstance
from askcam.server.tools.box import Toolbox
from askcam.server.tools.installed import add_installed

MODULE = """
from askcam.server.tools.base import Signature

class Door:
    signature, server, available = Signature("open_door", "Open the door."), "doors", True

    async def call(self, arguments, circumstance):
        return f"opened for {circumstance.camera}"

def broken():
    raise RuntimeError("no door here")
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with one tool that works, one that does not, and one that is not there."""
    (tmp_path / "some_doors.py").write_text(MODULE)
    info = tmp_path / "some_doors-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-doors\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[askcam.tools]\ndoor = some_doors:Door\nbroken = some_doors:broken\ngone = some_doors:nothing\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("installed")
async def test_a_package_s_tool_is_there_and_broken_ones_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    box = Toolbox()
    add_installed(box)
    (door,) = (tool for tool in box.all() if tool.server == "doors")
    assert await door.call({}, Circumstance("lobby", "ans_1")) == "opened for lobby"
    assert "no door here" in caplog.text
    assert "the tool gone" in caplog.text


def test_the_catalogue_s_file_is_opened_or_said_to_be_wrong(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert open_named(None) is None
    table = tmp_path / "goods.csv"
    table.write_text("name,barcode\napple,4006381333931\nbad,123\n")
    catalogue = open_named(table)
    assert catalogue is not None
    assert len(catalogue) == 1
    assert "goods.csv:3 is left out" in caplog.text
    catalogue.close()
    with pytest.raises(ConfigError, match=r"\[catalogue\] cannot read .*gone\.csv: No such file"):
        open_named(tmp_path / "gone.csv")
