"""Where evidence lies when nobody names a folder. Pure."""

import sys
from collections.abc import Mapping
from pathlib import Path


def data_folder(env: Mapping[str, str], platform: str = sys.platform) -> Path:
    """This user's place for the data of programs, and in it ours."""
    home = Path(env.get("HOME") or env.get("USERPROFILE") or Path.home())
    if platform == "darwin":
        base = home / "Library" / "Application Support"
    elif platform == "win32":
        base = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        base = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "askcam" / "evidence"
