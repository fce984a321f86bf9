"""What an image, a pod or a unit starts, with nothing of the environment that the tests run in."""

import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.parts import SYSTEM_PYTHON
from support.wheels import ROOT

ANYBODY = 10001
ASKCAM = """#!{python}
from askcam.app.cli import main
main()
"""


def open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o1 for start in (path, path.resolve()) for folder in start.parents)


@dataclass(frozen=True)
class Bare:
    """A machine that has `askcam` and `python`, and a folder for data, which alone may be written. Processes are
    `user`'s: nobody's who owns the code, where this is root's and others can reach an interpreter and the code."""

    data: Path
    python: str
    user: int | None

    def around(self, env: Mapping[str, str]) -> dict[str, Any]:
        """For subprocess: that environment, as an image names it (/data), and no other."""
        libraries = [ROOT / ".links", sysconfig.get_path("purelib")]
        found = {
            **{name: value.replace("/data", str(self.data), 1) for name, value in env.items()},
            "PATH": f"{self.data.parent / 'bin'}{os.pathsep}{os.defpath}",
            "PYTHONPATH": os.pathsep.join(map(str, libraries)),
        }
        as_whom = {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}
        return {"env": found, "cwd": self.data, **as_whom}


@contextmanager
def bare() -> Iterator[Bare]:
    folder = Path(tempfile.mkdtemp(prefix="askcam-bare-"))
    try:
        folder.chmod(0o755)
        data, programs = folder / "data", folder / "bin"
        data.mkdir()
        programs.mkdir()
        python, user = sys.executable, None
        same = SYSTEM_PYTHON.resolve().name == f"python3.{sys.version_info.minor}"
        within_reach = [each for each in (Path(sys.executable), SYSTEM_PYTHON) if open_to_all(each)]
        if (
            os.geteuid() == 0
            and within_reach
            and open_to_all(ROOT / "app")
            and (same or python == str(within_reach[0]))
        ):
            python, user = str(within_reach[0]), ANYBODY
            os.chown(data, user, user)
        (programs / "python").symlink_to(python)
        (programs / "askcam").write_text(ASKCAM.format(python=python))
        (programs / "askcam").chmod(0o755)
        yield Bare(data, python, user)
    finally:
        shutil.rmtree(folder)
