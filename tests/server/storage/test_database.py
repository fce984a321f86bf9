"""A database whose file is taken away, replaced or cut off while it is open: nothing lost is acknowledged."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from askcam.server.storage.database import FileGone, Guarded, Layout, open_database
from askcam.server.storage.disk import make_private

LAYOUT = Layout("the test's database", 1, "CREATE TABLE things (name TEXT, data BLOB);")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_private(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def db(folder: Path) -> Iterator[Guarded]:
    made = open_database(folder / "things.db", LAYOUT)
    yield made
    made.close()


def put(db: Guarded, name: str) -> None:
    with db:
        db.execute("INSERT INTO things VALUES (?, randomblob(20000))", (name,))


def names(path: Path) -> list[str]:
    copy = sqlite3.connect(path)
    try:
        return [name for (name,) in copy.execute("SELECT name FROM things ORDER BY rowid")]
    finally:
        copy.close()


def cut(path: Path) -> None:
    os.truncate(path, 0)


def other(path: Path) -> None:
    """Another file of the same name and content."""
    shutil.copy(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)


TAKEN: dict[str, Callable[[Path], object]] = {
    "deleted": lambda path: path.unlink(),
    "its folder deleted": lambda path: shutil.rmtree(path.parent),
    "its folder moved": lambda path: path.parent.rename(path.parent.with_name("elsewhere")),
    "its folder replaced by an empty one": lambda path: (
        path.parent.rename(path.parent.with_name("elsewhere")),
        path.parent.mkdir(),
    ),
    "replaced by a copy": other,
    "cut off": cut,
    "written over": lambda path: path.write_bytes(b"nothing of ours" * 1000),
    "its journal deleted": lambda path: path.with_name(path.name + "-wal").unlink(),
    "its shared memory deleted": lambda path: path.with_name(path.name + "-shm").unlink(),
}


@pytest.mark.parametrize("take", TAKEN.values(), ids=TAKEN)
def test_nothing_is_acknowledged_once_the_file_is_not_what_it_was(
    db: Guarded, folder: Path, take: Callable[[Path], object]
) -> None:
    for index in range(20):
        put(db, f"before {index}")
    db.execute("PRAGMA wal_checkpoint")
    assert db.trouble() is None
    take(folder / "things.db")
    assert str(folder / "things.db") in (db.trouble() or "")
    with pytest.raises(FileGone, match="put it back, or start askcam anew"):
        put(db, "after")


def test_what_is_taken_away_amid_a_transaction_is_not_acknowledged_either(db: Guarded, folder: Path) -> None:
    put(db, "before")
    with pytest.raises(FileGone), db:  # noqa: PT012
        db.execute("INSERT INTO things VALUES ('after', NULL)")
        (folder / "things.db").unlink()
    assert not db.in_transaction


def test_once_it_is_put_back_it_goes_on(db: Guarded, folder: Path) -> None:
    put(db, "one")
    away = folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(FileGone):
        put(db, "two")
    away.rename(folder)
    put(db, "three")
    assert names(folder / "things.db") == ["one", "three"]


def test_all_that_a_store_does_by_itself_is_no_trouble(db: Guarded, folder: Path) -> None:
    assert db.trouble() is None
    for index in range(300):
        put(db, f"{index}")
        if index % 7 == 0:
            with db:
                db.execute("DELETE FROM things WHERE rowid < ?", (index,))
        if index % 50 == 0:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert db.trouble() is None
    reader = sqlite3.connect(folder / "things.db")
    reader.execute("SELECT count(*) FROM things").fetchone()
    reader.close()
    put(db, "last")
    assert names(folder / "things.db")[-1] == "last"


def test_an_error_in_a_transaction_is_told_as_it_is(db: Guarded) -> None:
    with pytest.raises(ZeroDivisionError), db:  # noqa: PT012
        db.execute("INSERT INTO things VALUES ('x', NULL)")
        raise ZeroDivisionError
    assert db.execute("SELECT count(*) FROM things").fetchone() == (0,)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_reads_it_whatever_the_umask_and_the_folder_are(tmp_path: Path, umask: int) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "things.db").touch(0o644)  # an earlier version made it so
    (shared / "things.db").chmod(0o644)
    before = os.umask(umask)
    try:
        db = open_database(shared / "things.db", LAYOUT)
        put(db, "one")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in shared.iterdir()}
        db.close()
    finally:
        os.umask(before)
    assert modes == {"things.db": 0o600, "things.db-wal": 0o600, "things.db-shm": 0o600}


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_folders_that_are_made_are_private_and_others_stay_as_they_are(tmp_path: Path, umask: int) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine").chmod(0o755)
    before = os.umask(umask)
    try:
        make_private(tmp_path / "mine" / "a" / "b")
    finally:
        os.umask(before)
    assert [
        stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "mine", tmp_path / "mine" / "a", tmp_path / "mine" / "a" / "b")
    ] == [0o755, 0o700, 0o700]
