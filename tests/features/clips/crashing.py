"""A server with clips that is to be killed: `python crashing.py FOLDER URI`. It tells an event of the camera again and
again, and prints its id once it is kept. With "stop" on stdin it ends as servers do."""

import asyncio
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.clip_stage import QUICK, clip_stage

EVERY_S = 0.4


async def main(folder: Path, uri: str) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def listen() -> None:
        for _ in sys.stdin:
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=listen, daemon=True).start()
    async with clip_stage(folder, QUICK) as stage:
        stage.open_camera("gate", uri)
        print("open", flush=True)
        await stage.held("gate", QUICK.before_s)
        while not stop.is_set():
            print((await stage.tell("gate")).id, flush=True)
            await asyncio.sleep(EVERY_S)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
