"""The shop of mcp_shop.py as a process of its own over HTTP, on one port, that can be started again."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from support.ports import own_port

SHOP = Path(__file__).parent / "mcp_shop.py"


class HttpShop:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.url, self._port, self._environment = "", str(own_port()), environment
        self._processes: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        command = [sys.executable, str(SHOP), "--http", self._port]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **self._environment})
        self._processes.append(process)
        assert process.stdout is not None
        self.url = json.loads(process.stdout.readline())["url"]

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait(60)
            assert process.stdout is not None
            process.stdout.close()


@contextlib.contextmanager
def http_shop(**environment: str) -> Iterator[HttpShop]:
    shop = HttpShop(environment)
    shop.start()
    try:
        yield shop
    finally:
        shop.stop()
