"""Starts the test servers of this folder as processes, on ports of their own, and breaks them at will."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from support.parts import SYSTEM_PYTHON
from support.ports import own_port

HERE = Path(__file__).parent
START_S = 60.0  # a busy machine takes seconds to import av


class CameraServer:
    """A camera in a process of its own. `with` starts and ends it; kill() and start() keep its port."""

    path = "/cam"
    scheme = "rtsp"

    def __init__(self, scene: str, *options: str) -> None:
        self.scene, self.options = scene, options
        self.port = own_port()
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.address}{self.path}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        assert self._process is None, "already started"
        self._process = self._spawn()
        assert self._process.stdout is not None
        late = threading.Timer(START_S, self._process.kill)
        late.start()
        line = self._process.stdout.readline()
        late.cancel()
        assert line.startswith("READY "), f"{type(self).__name__} did not start: {line!r}"
        self.port = int(line.split()[1])

    def _spawn(self) -> "subprocess.Popen[str]":
        raise NotImplementedError

    def tell(self, order: str) -> None:
        """Give it an order on its stdin."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()

    def freeze(self) -> None:
        """Stop it in its tracks; its connections stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """kill -9; start() brings it back on the same port."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class MiniRTSP(CameraServer):
    """Our own RTSP server (minirtsp.py); `options` are its command line."""

    def _spawn(self) -> "subprocess.Popen[str]":
        return _python("minirtsp.py", "--port", str(self.port), *self.options, self.scene)


class RefusingRTSP(CameraServer):
    """An RTSP server that refuses in the ways of real cameras (refusing_rtsp.py): how, says the URL's query."""

    def __init__(self, *options: str) -> None:
        super().__init__("", *options)

    def _spawn(self) -> "subprocess.Popen[str]":
        return _python("refusing_rtsp.py", "--port", str(self.port), *self.options)


class MJPEGServer(CameraServer):
    """JPEGs over HTTP (mjpeg_http.py)."""

    path, scheme = "/cam.mjpeg", "http"

    def _spawn(self) -> "subprocess.Popen[str]":
        return _python("mjpeg_http.py", "--port", str(self.port), *self.options, self.scene)


class OddCamera(CameraServer):
    """Cameras that are odd in as many ways as their URLs' queries say (odd_camera.py)."""

    def __init__(self) -> None:
        super().__init__("")

    def rtsp(self, **odd: object) -> str:
        return self._url("rtsp", "cam", odd)

    def mjpeg(self, **odd: object) -> str:
        return self._url("http", "cam.mjpeg", odd)

    def hls(self, **odd: object) -> str:
        return self._url("http", "live.m3u8", odd)

    def _url(self, scheme: str, path: str, odd: Mapping[str, object]) -> str:
        query = "&".join(f"{name}={value}" for name, value in odd.items())
        return f"{scheme}://{self.address}/{path}" + (f"?{query}" if query else "")

    def _spawn(self) -> "subprocess.Popen[str]":
        return _python("odd_camera.py", "--port", str(self.port))


class RunningModelServer(CameraServer):
    """A model server (model_server.py) that speaks one dialect; `options` are its command line."""

    path, scheme = "/v1", "http"

    def __init__(self, dialect: str, *options: str) -> None:
        super().__init__(dialect, *options)

    def _spawn(self) -> "subprocess.Popen[str]":
        return _python("model_server.py", "--port", str(self.port), "--dialect", self.scene, *self.options)

    def url_as(self, dialect: str) -> str:
        """Where the same server speaks another dialect."""
        return f"{self.scheme}://{self.address}/as/{dialect}{self.path}"

    def goes_wrong(self, *faults: str) -> None:
        """From now on in these ways, and no others; what it has seen is forgotten."""
        httpx.post(f"http://{self.address}/faults", json={"names": faults}, timeout=60).raise_for_status()

    def seen(self) -> dict[str, Any]:
        """What it was asked since then."""
        found: dict[str, Any] = httpx.get(f"http://{self.address}/seen", timeout=60).raise_for_status().json()
        return found


class RunningBroker(CameraServer):
    """An MQTT broker (mqtt_broker.py), which forgets all when it is killed."""

    path, scheme = "", "mqtt"

    def __init__(self, *options: str) -> None:
        super().__init__("", *options)
        self.taken: list[dict[str, Any]] = []  # events, over all of its lives

    def start(self) -> None:
        super().start()
        assert self._process is not None
        threading.Thread(target=self._take, args=(self._process.stdout,), daemon=True).start()

    def _take(self, pipe: Any) -> None:
        with contextlib.suppress(ValueError):  # closed meanwhile
            for line in pipe:
                self.taken.append(json.loads(line))

    def _spawn(self) -> "subprocess.Popen[str]":
        return _python("mqtt_broker.py", "--port", str(self.port), *self.options)


class GStreamerRTSP(CameraServer):
    """GStreamer's RTSP server (gst_rtsp.py), fed with our scenes by a second process."""

    fps = "25"
    _feeder: "subprocess.Popen[str] | None" = None

    def _spawn(self) -> "subprocess.Popen[str]":
        self._feeder = _python("scenes.py", "--fps", self.fps, self.scene)
        command = [str(SYSTEM_PYTHON), str(HERE / "gst_rtsp.py"), str(self.port), self.fps]
        return subprocess.Popen(command, stdin=self._feeder.stdout, stdout=subprocess.PIPE, text=True)

    def kill(self) -> None:
        super().kill()
        feeder, self._feeder = self._feeder, None
        if feeder is not None:
            for pipe in (feeder.stdin, feeder.stdout):
                if pipe is not None:
                    pipe.close()
            feeder.kill()
            feeder.wait()


def _python(script: str, *args: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(HERE / script), *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
