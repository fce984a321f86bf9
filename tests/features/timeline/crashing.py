"""Writes notes until it is killed: `python crashing.py FOLDER`. Prints the id of each one once it is kept."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.timeline_notes import WALL, note, open_store

if __name__ == "__main__":
    store = open_store(Path(sys.argv[1]))
    while True:
        count = store.counts().get("note", 0)
        print(store.add(note(count * 7.0, came=("an apple",)), b"jpeg", WALL + count * 7.0), flush=True)
