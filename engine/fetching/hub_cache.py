"""The hub's cache of files, as its client lays it out: blobs by their digests, snapshots that point to them, refs.

Source: huggingface.co/docs/huggingface_hub/guides/manage-cache. So what other programs fetched is found, and they find
what askcam fetched.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from askcam.engine.errors import ModelError

CHUNK = 1 << 20
SHA256, SHA1 = 64, 40  # hex digits


class HubCache:
    """One model's part of the cache."""

    def __init__(self, model: str) -> None:
        """Raises ModelError for what is no hub id."""
        from huggingface_hub import constants
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.file_download import repo_folder_name

        try:
            self.folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=model, repo_type="model")
        except HFValidationError as exc:
            raise ModelError(f"{model!r} is neither a folder here nor a hub id (Qwen/Qwen3.5-0.8B)") from exc

    def snapshot(self) -> Path | None:
        """The folder that was fetched last, complete or not; None: there is none."""
        try:
            commit = (self.folder / "refs" / "main").read_text().strip()
        except OSError:
            return None
        found = self.folder / "snapshots" / commit
        return found if found.is_dir() else None

    def blob(self, digest: str) -> Path:
        return self.folder / "blobs" / digest

    def point(self, commit: str, path: str, digest: str) -> None:
        """Have the snapshot's file be the blob: by a link, or where there are none by a copy."""
        pointer = self.folder / "snapshots" / commit / path
        pointer.parent.mkdir(parents=True, exist_ok=True)
        pointer.unlink(missing_ok=True)
        try:
            pointer.symlink_to(os.path.relpath(self.blob(digest), pointer.parent))
        except OSError:  # Windows without the right, some network drives
            shutil.copyfile(self.blob(digest), pointer)

    def settle(self, commit: str) -> Path:
        """All files of the commit are there: it is the model's from now on."""
        ref = self.folder / "refs" / "main"
        ref.parent.mkdir(parents=True, exist_ok=True)
        beside = ref.with_name("main.askcam")
        beside.write_text(commit)
        beside.replace(ref)
        return self.folder / "snapshots" / commit

    def free_bytes(self) -> int:
        """On the disk that it lies on, or will."""
        there = next(each for each in (self.folder, *self.folder.parents) if each.exists())
        return shutil.disk_usage(there).free


def is_whole(file: Path, digest: str, read: Callable[[int], None] = lambda num: None) -> bool:
    """Whether the file has this digest, SHA-256 or git's SHA-1; `read` hears how many bytes were."""
    found = hashlib.sha256() if len(digest) == SHA256 else hashlib.sha1(usedforsecurity=False)
    if len(digest) == SHA1:
        found.update(f"blob {file.stat().st_size}\0".encode())
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            found.update(chunk)
            read(len(chunk))
    return found.hexdigest() == digest


def own_digest(file: Path) -> str:
    """SHA-256, for a file of which a mirror does not say it."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
