"""Push a program's own frames, and ask about them: a private camera that lives as long as its connection."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator

import numpy as np
import numpy.typing as npt

from askcam.client.client import connect
from askcam.client.errors import AskcamError, CameraUnavailable
from askcam.demo.synthetic import SyntheticScene


async def frames() -> AsyncIterator[tuple[npt.NDArray[np.uint8], float]]:
    """(RGB array or JPEG bytes, when it was taken), ten a second. Take yours from wherever you have them."""
    scene = SyntheticScene(7)
    while True:
        taken = time.time()
        yield scene.at(taken), taken
        await asyncio.sleep(0.1)


async def main(question: str = "What do you see?", url: str = "http://127.0.0.1:8400") -> None:
    async with connect(url) as client, client.push(frames()) as camera:
        for _ in range(50):
            try:
                answer = await camera.ask(question)
            except CameraUnavailable:  # its first frame is still on the way
                await asyncio.sleep(0.1)
                continue
            print(f"{answer.text}\nseen {answer.saw.frame_age_ms:.0f} ms before the first word")
            return


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except AskcamError as error:
        sys.exit(str(error))
