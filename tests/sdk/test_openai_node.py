"""OpenAI's SDK for JavaScript, unmodified: in Node, and in Chromium in a page of another origin.

Its realtime client speaks TLS to any server, so this one has a certificate of its own.
"""

import functools
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from playwright.sync_api import sync_playwright
from support.certificates import self_signed
from support.parts import need
from support.servers.askcam_server import LiveServer, live_server

FOLDER = Path(__file__).parent / "node"
CHROMIUM = Path("/usr/bin/chromium")
TOKEN = "open-sesame"
FLAGS = ("--no-sandbox", "--disable-gpu", "--ignore-certificate-errors")
INSTALLED = "openai's package for Node is missing: run `make sdks`"
QUESTION = {"model": "lobby", "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 1}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Files of the folder. Python has no type for .mjs before 3.12 on all systems."""

    extensions_map: ClassVar[dict[str, str]] = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
    }

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """Where the page is: another origin than the server's."""
    need((FOLDER / "node_modules" / "openai").exists(), INSTALLED)
    handler = functools.partial(_Quiet, directory=str(FOLDER))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        thread = threading.Thread(target=files.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{files.server_address[1]}"
        files.shutdown()
        thread.join(60)


@pytest.fixture(scope="module")
def cert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"), "localhost", "IP:127.0.0.1,DNS:localhost")


@pytest.fixture(scope="module")
def server(page: str, cert: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    config = tmp_path_factory.mktemp("config") / "askcam.toml"
    config.write_text(f'[server]\nallowed_origins = ["{page}"]\n')
    args = ["--config", str(config), "--tls-cert", str(cert[0]), "--tls-key", str(cert[1])]
    with live_server(*args, cameras=["lobby=synthetic:7"], env={"ASKCAM_TOKEN": TOKEN}) as started:
        wait_until_live(started, cert[0])
        yield started


def wait_until_live(server: LiveServer, ca: Path) -> None:
    trust = ssl.create_default_context(cafile=str(ca))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60, verify=trust) as client:
        for _ in range(200):
            if client.post("/v1/chat/completions", json=QUESTION).status_code == 200:
                return
    raise AssertionError("the camera never came")


def answered(told: dict[str, Any]) -> None:
    for name in ("chat", "stream", "responses", "realtime"):
        assert told[name].startswith("I see "), told
    assert told["named"].startswith("req_")


def test_in_node(server: LiveServer, cert: tuple[Path, Path]) -> None:
    node = shutil.which("node")
    need(node is not None, "Node.js is missing: apt install nodejs npm")
    assert node is not None
    env = {**os.environ, "NODE_EXTRA_CA_CERTS": str(cert[0]), "ASKCAM_KEY": TOKEN}
    command = [node, "ask.mjs", f"{server.url}/v1"]
    done = subprocess.run(command, cwd=FOLDER, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    answered(told)
    assert told["prefill"].startswith("I see ")
    assert (told["camera"], told["models"], told["refused"]) == ("lobby", ["askcam", "lobby", "all"], "logit_bias")


def test_in_a_page_of_another_origin(server: LiveServer, page: str) -> None:
    need(CHROMIUM.exists(), f"{CHROMIUM} is missing: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        tab = browser.new_page()
        said: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        tab.goto(f"{page}/page.html")
        tab.wait_for_function("window.ask !== undefined", timeout=60_000)
        told = tab.evaluate("([url, key]) => window.ask(url, key)", [f"{server.url}/v1", TOKEN])
        browser.close()
    answered(told)
    assert (told["refused"], told["unknown"]) == ("messages", "model_not_found"), said


def test_a_page_that_nobody_named_gets_nothing(page: str, cert: tuple[Path, Path]) -> None:
    need(CHROMIUM.exists(), f"{CHROMIUM} is missing: apt install chromium")
    args = ["--tls-cert", str(cert[0]), "--tls-key", str(cert[1])]
    with live_server(*args, env={"ASKCAM_TOKEN": TOKEN}, until="listening") as closed, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        tab = browser.new_page()
        tab.goto(f"{page}/page.html")
        tab.wait_for_function("window.ask !== undefined", timeout=60_000)
        with pytest.raises(Exception, match="Connection error"):
            tab.evaluate("([url, key]) => window.ask(url, key)", [f"{closed.url}/v1", TOKEN])
        browser.close()
