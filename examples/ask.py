"""Ask a camera of a running server, print the answer as it comes, and what it was given from."""

import asyncio
import sys

from askcam.client.client import connect
from askcam.client.errors import AskcamError


async def main(question: str = "What do you see?", url: str = "http://127.0.0.1:8400") -> None:
    async with connect(url) as client:  # token="..." where the server wants one
        cameras = await client.cameras()
        live = [camera.name for camera in cameras if camera.state == "live"]
        if not live:
            sys.exit("no camera is live: " + "; ".join(f"{camera.name}: {camera.reason}" for camera in cameras))
        reply = client.ask(question, camera=live[0], max_age_ms=15_000)
        async for piece in reply:
            print(piece, end="", flush=True)
        saw = reply.answer.saw
        assert saw.window is not None, "an answer about a camera has a window"
        print(f"\n{live[0]}: {saw.window.frames} frames, the newest {saw.frame_age_ms:.0f} ms old at the first word")


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except AskcamError as error:
        sys.exit(str(error))
