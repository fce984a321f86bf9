"""A process that is killed while it writes leaves nothing behind that is not in order after the next start."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from support.evidence_cases import case, frame, open_store

from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.index import reading
from askcam.features.evidence.verify import verify

PROGRAM = Path(__file__).parent / "crashing.py"


def crash(folder: Path, where: str, after: int | None = None) -> list[str]:
    """Have answers written until the process dies; the ids it said were kept. `after`: kill it after so many."""
    process = subprocess.Popen([sys.executable, str(PROGRAM), str(folder), where], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said: list[str] = []
    with process.stdout:
        for line in process.stdout:
            said.append(line.strip())
            if len(said) == after:
                process.kill()
    process.wait()
    assert said, "it has written nothing"
    return said


def in_order(folder: Path) -> None:
    """Files and rows are the same, and every record is as it was written."""
    with reading(folder) as db:
        rows = {f"{digest}.{kind}" for digest, kind in db.execute("SELECT digest, kind FROM pictures")}
        used = {digest for (digest,) in db.execute("SELECT DISTINCT digest FROM uses")}
    assert {path.name for path in EvidenceArchive(folder).album.files()} == rows
    assert {name.split(".")[0] for name in rows} == used
    assert verify(folder).findings == ()


@pytest.mark.parametrize("where", ["before the index", "between two pictures", "after the index forgot"])
def test_at_each_point_of_a_write(tmp_path: Path, where: str) -> None:
    said = crash(tmp_path, where)
    with reading(tmp_path) as db:
        rows = {f"{digest}.{kind}" for digest, kind in db.execute("SELECT digest, kind FROM pictures")}
    left = {path.name for path in EvidenceArchive(tmp_path).album.files()} - rows
    assert left, "the crash came too early to leave anything: the test proves nothing"
    assert verify(tmp_path).findings == ()  # before anybody tidies up, what is kept is whole already
    store = open_store(tmp_path)
    in_order(tmp_path)
    assert said[-1] in EvidenceArchive(tmp_path).ids()
    assert store.put(case("ans_next", [frame(i) for i in range(4)]))
    store.close()
    in_order(tmp_path)


def test_anywhere_again_and_again(tmp_path: Path) -> None:
    chance = random.Random(5)
    for _ in range(5):
        said = crash(tmp_path, "anywhere", after=chance.randint(1, 25))
        store = open_store(tmp_path)
        in_order(tmp_path)
        assert store.num_answers == len(EvidenceArchive(tmp_path).ids())
        store.close()
        assert said[-1] in EvidenceArchive(tmp_path).ids()
