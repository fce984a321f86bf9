"""A clip appears whole or not at all, and what is nobody's is removed."""

import os
from pathlib import Path

import pytest

from askcam.features.clips.errors import ClipsError
from askcam.features.clips.folder import ClipFolder


def write(folder: ClipFolder, event: int, data: bytes = b"clip") -> int:
    return folder.write(event, lambda path: path.write_bytes(data) and None)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    first = ClipFolder(tmp_path / "clips")
    with pytest.raises(ClipsError, match="another askcam keeps its clips"):
        ClipFolder(tmp_path / "clips")
    first.close()
    ClipFolder(tmp_path / "clips").close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ClipsError, match="name another folder"):
        ClipFolder(tmp_path / "file" / "clips")


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path)

    def breaks(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        folder.write(3, breaks)
    assert folder.events() == []
    assert sorted(os.listdir(tmp_path)) == ["lock"]


def test_a_clip_is_private_and_counted(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path)
    assert write(folder, 3) == 4
    assert write(folder, 3, b"longer") == 6
    assert folder.file(3).read_bytes() == b"longer"
    assert folder.file(3).stat().st_mode & 0o777 == 0o600


def test_tidying_takes_what_is_unfinished_or_nobodys_and_nothing_else(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path)
    for event in (1, 2, 3):
        write(folder, event)
    for name in ("4.part", "9.part", "links.key", "film.mp4", "1.mp4.bak"):
        (tmp_path / name).touch()
    assert folder.tidy({2, 77}) == 4
    assert sorted(os.listdir(tmp_path)) == ["1.mp4.bak", "2.mp4", "film.mp4", "links.key", "lock"]


def test_the_oldest_give_way_to_what_lies_on_the_same_disk(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path / "clips")
    for event in (30, 4, 5, 100):
        write(folder, event)
    assert folder.give_way(tmp_path, 2) == [4, 5]
    assert folder.events() == [30, 100]
    assert folder.give_way(Path("/proc"), 2) == []
    assert folder.give_way(tmp_path / "nowhere", 2) == []
    assert folder.events() == [30, 100]
