"""Tells events until it is killed: `python crashing.py FOLDER`. Prints the id of each one once it is kept."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.watch_events import add, open_store

if __name__ == "__main__":
    store = open_store(Path(sys.argv[1]))
    while True:
        print(add(store, store.last_id()).id, flush=True)
