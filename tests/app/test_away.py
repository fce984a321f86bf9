"""A model server that is not there when askcam starts, as after a power cut."""

import json
import os
from pathlib import Path

import httpx
from support.servers import warm
from support.servers.running import RunningModelServer
from support.waiting import until

CONFIG = """
[model]
url = "{url}"
dialect = "vllm"

[cameras.lobby]
uri = "synthetic:7"
"""


def test_the_usual_models_server_is_waited_for(tmp_path: Path) -> None:
    file, models = tmp_path / "askcam.toml", RunningModelServer("vllm")
    models.start()
    file.write_text(CONFIG.format(url=models.url))
    models.kill()  # its port is known, and nobody there
    process = warm.start(["serve", "--port", "0", "--json", "--config", str(file)], {**os.environ})
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        with httpx.Client(base_url=url, timeout=60) as http:
            until(lambda: http.get("/readyz").json()["status"] == "unreachable", "it to be missed")
            assert http.get("/readyz").status_code == 503
            body = {"model": "lobby", "messages": [{"role": "user", "content": "what is there?"}]}
            refused = http.post("/v1/chat/completions", json=body)
            assert refused.status_code == 503, refused.text
            assert refused.headers["retry-after"]
            models.start()
            until(lambda: http.get("/readyz").status_code == 200, "it to be found")
            until(lambda: http.post("/v1/chat/completions", json=body).status_code == 200, "an answer")
    finally:
        process.terminate()
        _, log = process.communicate(timeout=60)
        models.kill()
    assert log.count("the model is away: nothing answers at") == 1, log
