"""Pictures are decoded behind the engine: their threads give way, where a system can do that for a thread."""

import os
import sys
import threading

import pytest

from askcam.server.attached.decoding import NICE, Decoding


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no niceness of a thread")
async def test_what_decodes_gives_way_and_nobody_else_does() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    decoding, ours = Decoding(threads=1), niceness()
    try:
        assert await decoding.run("somebody", lambda budget: niceness()) == NICE > 0
    finally:
        await decoding.close()
    assert niceness() == ours
