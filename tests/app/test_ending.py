"""SIGTERM ends the process, whatever its threads do."""

import signal
import subprocess
import sys

import pytest

STUCK = {
    "a thread of the pool": "asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)",
    "a thread that is waited for": "threading.Thread(target=time.sleep, args=(600,)).start()",
    "a thread that computes": "threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()",
    "the event loop": "asyncio.get_running_loop().call_soon(time.sleep, 600)",
    "what is left behind": "pass",
}
PROGRAM = """
import asyncio, threading, time
from askcam.app.commands import ending

async def main():
    stop = asyncio.Event()
    ending.stop_on_signals(stop.set, 0.5)
    {stuck}
    print("ready", flush=True)
    await stop.wait()
    {more}

asyncio.run(main())
"""


@pytest.mark.parametrize("what", STUCK)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_ends_with_0(what: str, number: int) -> None:
    more = "await asyncio.sleep(600)" if what == "what is left behind" else ""
    program = PROGRAM.format(stuck=STUCK[what], more=more)
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=90)  # where it would be 600
        assert process.returncode == 0, err
        assert "Traceback" not in err
    finally:
        process.kill()
        process.wait()
