"""With what each kind of end leaves the askcam program: docs/monitoring.md has the table."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from support.program import TIMEOUT_S, askcam
from support.servers import warm
from support.servers.askcam_server import LiveServer
from support.waiting import until

from askcam.server.wire.refusals import AMISS, DONE, FAILED, INTERRUPTED

NOBODY = "http://127.0.0.1:1"  # where nothing listens
ENDS = {
    "done": (["--version"], DONE),
    "one of the findings is bad": (["doctor", "--camera", "{folder}/none.mp4"], AMISS),
    "an unknown flag": (["serve", "--nonsense"], FAILED),
    "a bad config": (["serve", "--config", "{folder}/askcam.toml"], FAILED),
    "no config": (["serve", "--config", "{folder}/none.toml"], FAILED),
    "a bad flag of the model": (["look", "synthetic:7", "What?", "--dtype", "float3"], FAILED),
    "no model, with a server": (["serve", "--port", "0", "--model", "{folder}/none"], FAILED),
    "no model, without one": (["look", "synthetic:7", "What?", "--model", "{folder}/none"], FAILED),
    "no such source": (["look", "nosuch:7", "What?"], FAILED),
    "no such file": (["summarize", "{folder}/none.mp4"], FAILED),
    "no such folder of evidence": (["replay", "--all", "--data", "{folder}/none"], FAILED),
    "no such catalogue": (["catalogue", "find", "soap", "--in", "{folder}/none.db"], FAILED),
    "no such camera": (["ask", "What?", "--camera", "nobody", "--url", "{url}"], FAILED),
    "refused": (["watch", "remove", "nothing", "--url", "{url}"], FAILED),
    "refused, of the timeline": (["timeline", "soap", "--url", "{url}"], FAILED),
    "not reachable": (["ask", "What?", "--camera", "lobby", "--url", NOBODY], FAILED),
    "not reachable, of watches": (["watch", "list", "--url", NOBODY], FAILED),
    "no address": (["ask", "What?", "--url", "nowhere at all"], FAILED),
}


@pytest.mark.parametrize("end", ENDS)
def test_every_kind_of_end_has_its_code(end: str, live_server: LiveServer, tmp_path: Path) -> None:
    args, code = ENDS[end]
    (tmp_path / "askcam.toml").write_text("[nonsense]\n")
    done = askcam(*(arg.format(folder=tmp_path, url=live_server.url) for arg in args))
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def followers(url: str) -> float:
    text = httpx.get(f"{url}/metrics", timeout=60).text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("askcam_event_readers "))


def test_ctrl_c_has_its_code(live_server: LiveServer) -> None:
    """In a process that hears it: who is started in the background of a script may not."""
    command = ["env", "--default-signal=INT", sys.executable, "-m", warm.MODULE, "watch", "events", "--follow"]
    with subprocess.Popen([*command, "--url", live_server.url], stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: followers(live_server.url) == 1, "the follower", TIMEOUT_S)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=TIMEOUT_S)
        finally:
            process.kill()
    assert (process.returncode, err) == (INTERRUPTED, "")
