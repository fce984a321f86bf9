"""askcam with one language more: a copy of it in which there are some files of words more, and nothing else is new."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("stream", "engine", "client", "server", "features", "cluster", "app")
UNCOPIED = shutil.ignore_patterns("__pycache__", "*.egg-info")


def askcam_with(language: str, words: Mapping[str, Mapping[str, str]], folder: Path) -> dict[str, str]:
    """`words`: by where the folder `locales` lies, as "client/web". Returns the environment that runs the copy."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / "askcam" / room, ignore=UNCOPIED)
    os.symlink(ROOT / "demo", folder / "askcam/demo")  # the model is large
    for beside, texts in words.items():
        file = folder / "askcam" / beside / "locales" / f"{language}.json"
        file.write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    return {"PYTHONPATH": str(folder)}
