"""The files of an audit log: a chain over all of them, bounded, and whole after a crash at any byte."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.audit.files import FILES, AuditFiles, files_in
from askcam.features.audit.record import AuditError, AuditRecord
from askcam.features.audit.verify import verify

NOW = 1_700_000_000.0


def record(number: int) -> AuditRecord:
    return AuditRecord("2026-12-01T00:00:00Z", "kiosk", "192.0.2.1", "question", None, {"number": number}, "x" * 40)


def write(folder: Path, count: int, max_bytes: int = 1 << 20) -> None:
    files = AuditFiles(folder, max_bytes, NOW)
    for number in range(count):
        files.append(record(number), NOW)
    files.close()


def test_a_log_is_whole_over_lives_and_grows_by_its_lines(tmp_path: Path) -> None:
    write(tmp_path, 3)
    first = verify(tmp_path)
    write(tmp_path, 2)
    second = verify(tmp_path, first.last)
    assert (first.findings, second.findings) == ((), ())
    assert (first.num_lines, second.num_lines) == (1 + 3, 1 + 3 + 1 + 2)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files_in(tmp_path))


def test_the_oldest_file_goes_the_log_tells_of_it_and_all_is_within_the_bound(tmp_path: Path) -> None:
    most = 16 << 10
    write(tmp_path, 400, most)
    files = files_in(tmp_path)
    assert len(files) == FILES
    assert files[0].name != "audit-00000001.jsonl"
    assert sum(path.stat().st_size for path in files) <= most + 2 * FILES * 1024  # a line more per file, and what tells
    assert verify(tmp_path).findings == ()
    files[0].unlink()  # somebody took it
    (finding,) = verify(tmp_path).findings
    assert "does not say that it went" in finding.text


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    files = AuditFiles(tmp_path, 1 << 20, NOW)
    with pytest.raises(AuditError, match="another askcam"):
        AuditFiles(tmp_path, 1 << 20, NOW)
    files.close()
    AuditFiles(tmp_path, 1 << 20, NOW).close()


@given(st.integers(1, 2000))
def test_a_line_that_was_broken_off_is_taken_away_and_told(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("audit")
    write(folder, 4)
    (path,) = files_in(folder)
    whole = path.read_bytes()
    left = whole[: max(0, len(whole) - cut)]
    path.write_bytes(left)
    write(folder, 1)
    verdict = verify(folder)
    assert verdict.findings == ()
    assert verdict.num_lines == left.count(b"\n") + 2
    torn = len(left) - (left.rfind(b"\n") + 1)
    assert (b'"broken_off_bytes":%d' % torn in path.read_bytes()) == bool(torn)


TAMPERED: dict[str, Callable[[list[bytes], random.Random], list[bytes]]] = {
    "a line is taken out": lambda lines, chance: lines[: (i := chance.randrange(1, len(lines) - 1))] + lines[i + 1 :],
    "two change places": lambda lines, chance: [lines[0], lines[2], lines[1], *lines[3:]],
    "one is there twice": lambda lines, chance: [*lines[:3], lines[2], *lines[3:]],
    "who it was": lambda lines, chance: [line.replace(b"kiosk", b"admin") for line in lines],
    "a digit of a hash": lambda lines, chance: [
        line.replace(b'"hash":"', b'"hash":"0' if not line.endswith(b'"0') else b'"hash":"1').replace(b'"}\n', b'"}\n')
        if i == 2 else line for i, line in enumerate(lines)
    ],
    "the beginning": lambda lines, chance: lines[2:],
    "no line of a log": lambda lines, chance: [*lines[:2], b"{}\n", *lines[2:]],
    "no JSON": lambda lines, chance: [*lines[:2], b"\xff\n", *lines[2:]],
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_what_was_changed_is_found(tmp_path: Path, how: str) -> None:
    write(tmp_path, 6)
    (path,) = files_in(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(TAMPERED[how](lines, random.Random(how))))
    assert verify(tmp_path).findings


@pytest.mark.parametrize("seed", range(24))
def test_a_byte_of_a_line_is_found(tmp_path: Path, seed: int) -> None:
    write(tmp_path, 4)
    (path,) = files_in(tmp_path)
    data, chance = bytearray(path.read_bytes()), random.Random(seed)
    ends = [i for i, byte in enumerate(data) if byte == ord("\n")]
    place = chance.choice([i for i in range(len(data)) if i not in ends])
    data[place] ^= 1 << chance.randrange(7)
    if data[place] == ord("\n"):
        data[place] = ord("x")
    path.write_bytes(bytes(data))
    assert verify(tmp_path).findings


def test_an_end_that_was_cut_off_is_found_by_a_hash_that_was_noted(tmp_path: Path) -> None:
    write(tmp_path, 6)
    noted = verify(tmp_path).last
    (path,) = files_in(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert verify(tmp_path).findings == ()
    assert verify(tmp_path, noted).findings


def test_a_folder_that_is_no_log_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="there is no audit log in"):
        verify(tmp_path / "nowhere")
    (tmp_path / "audit-00000001.jsonl").write_bytes(b"{}\n")
    with pytest.raises(AuditError, match="is no line of an audit log"):
        AuditFiles(tmp_path, 1 << 20, NOW)
