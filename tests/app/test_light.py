"""What a process reads, by the modules in it at its end: a small machine pays for each in memory and in seconds."""

import json
import os
import signal
import subprocess
import sys
from functools import cache

import httpx
import pytest
from websockets.sync.client import connect

RUN = """
import json, sys
sys.argv[0] = "askcam"
from askcam.app.cli import main
try:
    main()
finally:
    print("modules", json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
# Of torch and what comes with it, that nothing here uses on a CPU.
COMPILER = ["torch._dynamo", "torch._inductor", "torch.nn.attention.flex_attention", "sympy", "triton"]


def modules(code: str, *args: str) -> set[str]:
    """Those that a process of its own has imported when it ends."""
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=170, env=environment
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("modules ")]
    assert lines, done.stderr[-2000:]
    return set(json.loads(lines[-1].removeprefix("modules ")))


@cache
def served() -> set[str]:
    """Of the real server with the built-in model, ready and asked three questions about a camera."""
    return modules(RUN, "demo", "--once", "--json")


def test_a_server_without_a_gpu_does_not_read_the_compiler() -> None:
    assert {"torch", "transformers", "uvicorn"} <= served()
    assert [name for name in COMPILER if name in served()] == []


@pytest.mark.parametrize(
    "args",
    [
        ("--help",),
        ("serve", "--help"),
        ("look", "--help"),
        ("--version",),
        ("ask", "what?", "--url", "http://127.0.0.1:9"),
    ],
    ids=" ".join,
)
def test_commands_that_run_no_model_read_no_torch(args: tuple[str, ...]) -> None:
    assert modules(RUN, *args) & {"torch", "torchvision", "transformers", "uvicorn"} == set()


def test_the_client_alone_reads_no_torch_and_no_camera() -> None:
    code = "import json, sys, askcam.client.client\nprint('modules', json.dumps(sorted(sys.modules)), file=sys.stderr)"
    found = modules(code)
    assert "askcam.client.client" in found
    assert found & {"torch", "transformers", "cv2", "av", "uvicorn", "typer"} == set()


def test_a_front_reads_no_torch_and_no_camera_whatever_it_is_asked() -> None:
    """A real one, asked over HTTP and by websocket, and ended as by a user."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", RUN, "front", "--port", "0", "--shard", "a=http://127.0.0.1:9", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        said = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert [each["event"] for each in said] == ["listening", "ready"]
        with httpx.Client(base_url=said[0]["url"], timeout=60) as client:
            assert client.get("/wall").status_code == 200
            assert client.get("/words").status_code == 200
            assert client.get("/v1/cameras").status_code == 503
            assert client.post("/v1/chat/completions", json={"model": "lobby"}).status_code == 503
            assert client.get("/metrics").status_code == 200
        with connect(f"ws{said[0]['url'][4:]}/v1/realtime?model=lobby", open_timeout=60) as websocket:
            assert json.loads(websocket.recv())["error"]["code"] == "shard_down"
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    found = {name for line in told.splitlines() if line.startswith("modules ") for name in json.loads(line[8:])}
    assert "askcam.cluster.front.serving" in found, told[-2000:]
    assert process.returncode == 0
    assert found & {"torch", "torchvision", "transformers", "cv2", "av", "mcp", "llguidance"} == set()
