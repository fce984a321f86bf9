"""A real server over TLS, with a certificate of its own making."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.certificates import self_signed
from support.servers.askcam_server import LiveServer, live_server
from support.waiting import until

from askcam.client.address import Address
from askcam.client.client import connect
from askcam.client.errors import ConnectionFailed
from askcam.client.line import unreachable


def _refused(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The chain and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"), "127.0.0.1", "IP:127.0.0.1")


@pytest.fixture(scope="module")
def server(certificate: tuple[Path, Path]) -> Iterator[LiveServer]:
    cert, key = certificate
    with live_server("--tls-cert", str(cert), "--tls-key", str(key), cameras=["lobby=synthetic:7"]) as server:
        assert server.url.startswith("https://")
        with httpx.Client(base_url=server.url, verify=ssl.create_default_context(cafile=cert), timeout=60) as http:
            until(lambda: http.get("/v1/cameras/lobby").json()["state"] == "live", "a picture")
        yield server


async def test_a_certificate_that_is_named_is_trusted(server: LiveServer, certificate: tuple[Path, Path]) -> None:
    trusted = ssl.create_default_context(cafile=certificate[0])
    async with connect(server.url, ssl=trusted) as client:
        assert [camera.name for camera in await client.cameras()] == ["lobby"]
        answer = await client.ask("What do you see?", camera="lobby")
    assert answer.text.startswith("I see ")


async def test_a_certificate_that_nobody_vouches_for_is_refused(server: LiveServer) -> None:
    async with connect(server.url) as client:
        with pytest.raises(ConnectionFailed, match="not trusted"):
            await client.ask("What do you see?", camera="lobby")


def test_the_command_line_takes_a_certificate_to_trust(server: LiveServer, certificate: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "askcam.app.cli", "ask", "What do you see?", "--camera", "lobby", "--json"]
    done = subprocess.run(
        [*command, "--url", server.url, "--ca", str(certificate[0])], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"].startswith("I see ")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_refused(10, "certificate has expired"), "it has to be renewed there"),
        (_refused(62, "Hostname mismatch, certificate is not valid for 'a'."), "use an address that it names"),
        (_refused(64, "IP address mismatch"), "use an address that it names"),
        (_refused(20, "unable to get local issuer certificate"), "give its CA (--ca"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told_with_what_mends_it(error: ssl.SSLError, said: str) -> None:
    assert said in str(unreachable(Address.parse("https://a:8400"), error))
