"""A fresh clone opened in an editor: `askcam.stream` and the others are found, through the links that mypy reads."""

import json
import shutil
import subprocess
from pathlib import Path

from support.parts import need

ROOT = Path(__file__).parents[2]
LINKS = ROOT / ".links/askcam"
ROOMS = ("stream", "engine", "client", "demo", "server", "features", "cluster", "app")
PYRIGHT = ROOT / "tests/house/node/node_modules/.bin/pyright"
SAMPLE = ("app/build.py", "features/summary/feature.py", "server/core.py", "engine/open.py", "demo/source.py")


def unresolved(*files: str | Path) -> list[str]:
    """Imports of ours in these files that pyright does not find, by the settings that editors read."""
    done = subprocess.run([PYRIGHT, "--outputjson", *files], cwd=ROOT, capture_output=True, text=True, timeout=300)
    told = json.loads(done.stdout)
    assert told["summary"]["filesAnalyzed"] == len(files), done.stdout + done.stderr
    return [one["message"] for one in told["generalDiagnostics"] if '"askcam' in one["message"]]


def test_every_room_has_a_link_that_leads_to_it() -> None:
    need(all(link.is_symlink() for link in LINKS.iterdir()), "this checkout has texts for links: git core.symlinks")
    assert {link.name for link in LINKS.iterdir()} == set(ROOMS)
    for room in ROOMS:
        assert (LINKS / room).samefile(ROOT / room)
        assert not (LINKS / room).readlink().is_absolute()


def test_an_editor_finds_our_modules_and_tells_those_that_are_not_there(tmp_path: Path) -> None:
    need(PYRIGHT.exists() and shutil.which("node") is not None, "pyright is missing: run `make javascript`")
    planted = tmp_path / "planted.py"
    planted.write_text("import askcam.stream.window\nimport askcam.stream.nowhere\n")
    assert unresolved(*SAMPLE, planted) == ['Import "askcam.stream.nowhere" could not be resolved']
