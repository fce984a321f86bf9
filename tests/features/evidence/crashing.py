"""Writes evidence until it is killed: `python crashing.py FOLDER WHERE`. Prints the id of every answer once it is kept.

WHERE "anywhere" leaves the killing to whoever started it; the others end the process at that very point of a write.
"""

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.evidence_cases import case, frame, open_store

from askcam.features.evidence import album
from askcam.features.evidence.retention import EvidenceBounds
from askcam.features.evidence.store import EvidenceStore

MAX_ANSWERS = 6
AFTER = 9  # writes that come to their end


def die(*_: Any) -> None:
    os._exit(9)


def main(folder: Path, where: str) -> None:
    store = open_store(folder, EvidenceBounds(MAX_ANSWERS, 1 << 30, 10_000))
    begun = store.num_answers
    for i in range(10_000):
        if i == AFTER:
            if where == "before the index":
                EvidenceStore._insert = die  # type: ignore[method-assign]
            elif where == "between two pictures":
                album.settle_names = die
            elif where == "after the index forgot":
                album.Album.remove = die  # type: ignore[method-assign]
        number = begun * 100_000 + os.getpid() * 1000 + i
        store.put(case(f"ans_{number}", [frame(number + j) for j in range(8)], key=number))
        print(f"ans_{number}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
