"""A whole model: what is lacking comes, is compared with what the hub promised, and then is found by its name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from askcam.engine.errors import ModelError
from askcam.engine.fetching.hub_cache import HubCache, is_whole, own_digest
from askcam.engine.fetching.listing import HubFile, HubListing, list_files, told_plainly
from askcam.engine.fetching.transfer import transfer
from askcam.engine.interface import Progress

SPARE_BYTES = 200_000_000  # of the disk, that are left in any case
Check = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """`compared`: how many files have the digest that the hub gave them; `came_bytes`: how much had to be fetched."""

    folder: Path
    num_bytes: int
    came_bytes: int
    compared: int


def cached(model: str) -> Path | None:
    """The folder of a hub id that was fetched before, complete or not. Raises ModelError for what is no hub id."""
    return HubCache(model).snapshot()


def fetch(model: str, progress: Progress, check: Check = lambda config: None, *, anew: bool = False) -> Fetched:
    """Blocks; one process at a time. `check` gets config.json first, so that it may refuse before gigabytes come;
    `anew`: what is there already is compared, too, and comes again where it is damaged. Raises ModelError."""
    cache = HubCache(model)
    listing = list_files(model)
    with told_plainly(model):
        (cache.folder / "blobs").mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache.folder / "askcam.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress(f"another process fetches {model}", 0.0)
            lock.acquire()
        try:
            return _Fetching(cache, listing, progress).run(check, anew)
        finally:
            lock.release()


def compare(folder: Path, progress: Progress) -> int:
    """Without the hub: how many files of a snapshot have the digest that their blob is named by. Raises ModelError for
    one that has not."""
    files = [file for file in sorted(folder.iterdir()) if file.is_symlink()]
    total, done = max(1, sum(file.stat().st_size for file in files if file.exists())), 0

    def read(num_bytes: int) -> None:
        nonlocal done
        done += num_bytes
        progress("comparing", done / total)

    for file in files:
        if not file.exists() or not is_whole(file.resolve(), file.readlink().name, read):
            raise ModelError(f"{file} is damaged: connect to the internet and run `askcam pull` again")
    return len(files)


class _Fetching:
    """One run. Owned by the thread that calls it."""

    def __init__(self, cache: HubCache, listing: HubListing, progress: Progress) -> None:
        self._cache, self._listing, self._progress = cache, listing, progress
        self._total = max(1, sum(file.size or 0 for file in listing.files))
        self._done, self._came = 0, 0

    def run(self, check: Check, anew: bool) -> Fetched:
        if anew:
            self._drop_damaged()
        self._check_room()
        for file in self._listing.files:
            self._bring(file)
            if file.path == "config.json":
                check(self._cache.folder / "snapshots" / self._listing.commit / file.path)
        folder = self._cache.settle(self._listing.commit)
        files = self._listing.files
        size = sum((folder / file.path).stat().st_size for file in files)
        return Fetched(folder, size, self._came, sum(file.digest is not None for file in files))

    def _bring(self, file: HubFile) -> None:
        digest = file.digest
        if digest is None or not self._cache.blob(digest).is_file():
            digest = self._take(file)
        else:
            self._done += file.size or 0
        self._cache.point(self._listing.commit, file.path, digest)

    def _take(self, file: HubFile) -> str:
        """Its digest, once it is a blob."""
        partial = self._partial(file)
        self._done += partial.stat().st_size if partial.exists() else 0
        transfer(self._listing.model, self._listing.commit, file, partial, self._count)
        digest = file.digest or own_digest(partial)
        self._progress(f"comparing {file.path}", min(1.0, self._done / self._total))
        if file.digest is not None and not is_whole(partial, file.digest):
            partial.unlink()
            raise ModelError(
                f"what came of {file.path} of {self._listing.model!r} is not what the hub promised; run it again"
            )
        partial.replace(self._cache.blob(digest))
        return digest

    def _partial(self, file: HubFile) -> Path:
        return self._cache.blob(f"{file.digest or f'{self._listing.commit}-{file.path}'}.askcam")

    def _count(self, num_bytes: int) -> None:
        self._done += num_bytes
        self._came += num_bytes
        what = f"fetching {self._listing.model}: {self._done / 1e9:.2f} of {self._total / 1e9:.2f} GB"
        self._progress(what, min(1.0, self._done / self._total))

    def _check_room(self) -> None:
        """Before anything comes. Raises ModelError."""
        lacking = [file for file in self._listing.files if not self._is_there(file)]
        partials = [self._partial(file) for file in lacking]
        needed = sum(file.size or 0 for file in lacking) - sum(
            each.stat().st_size for each in partials if each.exists()
        )
        free = self._cache.free_bytes()
        if lacking and needed + SPARE_BYTES > free:
            raise ModelError(
                f"{self._listing.model!r} takes {needed / 1e9:.2f} GB more, and {free / 1e9:.2f} GB are free where "
                f"{self._cache.folder.parent} lies: free some, or set HF_HOME to a folder with room"
            )

    def _is_there(self, file: HubFile) -> bool:
        return file.digest is not None and self._cache.blob(file.digest).is_file()

    def _drop_damaged(self) -> None:
        for file in self._listing.files:
            blob = self._cache.blob(file.digest) if file.digest is not None else None
            if blob is None or file.digest is None or not blob.is_file():
                continue
            self._progress(f"comparing {file.path}", 0.0)
            if not is_whole(blob, file.digest):
                blob.unlink()
