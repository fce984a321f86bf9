"""Whatever is changed behind askcam's back is found, and the answer it belongs to is named."""

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.evidence_cases import case, frame, open_store

from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.index import NAME
from askcam.features.evidence.retention import EvidenceBounds
from askcam.features.evidence.verify import verify
from askcam.server.storage.chain import link


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five answers are kept; two more were before them."""
    store = open_store(tmp_path, EvidenceBounds(5, 1 << 30, 1000))
    for i in range(7):
        store.put(case(f"ans_{i}", [frame(2 * i + j) for j in range(6)], key=i))
    store.close()
    return tmp_path


@contextlib.contextmanager
def tampering(folder: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(folder / NAME)) as db, db:
        yield db


def found(folder: Path) -> set[str | None]:
    """Whose evidence is not as it was written."""
    return {finding.answer_id for finding in verify(folder).findings}


def test_what_nobody_touched_is_whole(folder: Path) -> None:
    verdict = verify(folder)
    assert verdict.findings == ()
    assert (verdict.num_answers, verdict.num_pictures) == (5, 14 + 5)
    assert len(verdict.last) == 64


def test_the_last_hash_grows_with_every_record_and_is_the_same_otherwise(folder: Path) -> None:
    before = verify(folder).last
    assert verify(folder).last == before
    store = open_store(folder)
    store.put(case("ans_next", [frame(1), frame(2)]))
    assert verify(folder).last != before


@pytest.mark.parametrize("seed", range(8))
def test_a_byte_of_a_record(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    name = chance.choice(EvidenceArchive(folder).ids())
    with tampering(folder) as db:
        (document,) = db.execute("SELECT document FROM answers WHERE id = ?", (name,)).fetchone()
        at = chance.randrange(len(document))
        changed = document[:at] + bytes([document[at] ^ 1 << chance.randrange(8)]) + document[at + 1 :]
        db.execute("UPDATE answers SET document = ? WHERE id = ?", (changed, name))
    assert name in found(folder)


@pytest.mark.parametrize("seed", range(8))
def test_a_byte_of_a_picture(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = chance.choice(sorted(EvidenceArchive(folder).album.files()))
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    users = {
        name
        for name in EvidenceArchive(folder).ids()
        if path.stem in {p.digest for p in EvidenceArchive(folder).get(name).pictures()}
    }
    assert found(folder) == users != set()


def test_a_picture_that_is_gone(folder: Path) -> None:
    next(iter(EvidenceArchive(folder).album.files())).unlink()
    assert found(folder)


@pytest.mark.parametrize("gone", ["ans_2", "ans_4", "ans_6"])
def test_a_record_that_is_gone_at_the_beginning_within_or_at_the_end(folder: Path, gone: str) -> None:
    with tampering(folder) as db:
        db.execute("DELETE FROM answers WHERE id = ?", (gone,))
    assert found(folder) == {"ans_2": {"ans_3"}, "ans_4": {"ans_5"}, "ans_6": {None}}[gone]


def test_a_record_that_was_put_in(folder: Path) -> None:
    with tampering(folder) as db:
        db.execute(
            "INSERT INTO answers (id, created, previous, hash, document) "
            "SELECT 'ans_false', created, previous, hash, document FROM answers WHERE id = 'ans_6'"
        )
    assert "ans_false" in found(folder)


def test_a_record_that_was_changed_together_with_its_own_hash(folder: Path) -> None:
    with tampering(folder) as db:
        previous, document = db.execute("SELECT previous, document FROM answers WHERE id = 'ans_4'").fetchone()
        changed = document.replace(b"a cup", b"a cat")
        assert changed != document
        row = (changed, link(previous, changed))
        db.execute("UPDATE answers SET document = ?, hash = ? WHERE id = 'ans_4'", row)
    assert found(folder) == {"ans_5"}  # what follows still says what it was


def test_an_index_that_says_something_else(folder: Path) -> None:
    with tampering(folder) as db:
        db.execute("UPDATE answers SET created = created + 1 WHERE id = 'ans_3'")
    assert found(folder) == {"ans_3"}


def test_a_record_that_became_text(folder: Path) -> None:
    with tampering(folder) as db:
        db.execute("UPDATE answers SET document = 'nothing' WHERE id = 'ans_3'")
    assert "ans_3" in found(folder)


@pytest.mark.parametrize("name", ["ans_2", "ans_4", "ans_5"])
def test_a_record_that_was_changed_with_the_link_of_the_next_one_mended(folder: Path, name: str) -> None:
    """Each hash covers the one before: mending one link breaks the next, up to the last, which is noted elsewhere."""
    noted = verify(folder).last
    with tampering(folder) as db:
        rows = db.execute("SELECT number, id, previous, document FROM answers ORDER BY number").fetchall()
        first = next(i for i, row in enumerate(rows) if row[1] == name)
        changed = rows[first][3].replace(b"a cup", b"a cat")
        own = link(rows[first][2], changed)
        db.execute("UPDATE answers SET document = ?, hash = ? WHERE id = ?", (changed, own, name))
        for number, later, _, document in rows[first + 1 :]:
            db.execute("UPDATE answers SET previous = ? WHERE number = ?", (own, number))
            stands = db.execute("SELECT hash FROM answers WHERE number = ?", (number,)).fetchone()[0]
            assert link(own, document) != stands, later
            own = link(own, document)
            db.execute("UPDATE answers SET hash = ? WHERE number = ?", (own, number))
    assert found(folder) == {None}, "the end of the chain is another"
    with tampering(folder) as db:
        db.execute("UPDATE ends SET hash = ? WHERE name = 'last'", (own,))
    assert found(folder) == set()
    assert verify(folder).last != noted
