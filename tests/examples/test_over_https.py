"""examples/front over https: the units' own commands, with the files that are shipped, and the certificates that
docs/front.md has people make."""

import configparser
import contextlib
import hashlib
import shlex
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.certificates import EXPIRED, Authority
from support.front_tokens import ADMIN, FRONT, SHARD
from support.parts import need
from support.servers.askcam_server import LiveServer, front_server, live_server
from support.servers.fake_shard import FakeShard, running
from support.waiting import until

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "examples/front"
HERE = {"10.0.0.10": "127.0.0.1", "10.0.0.11": "127.0.0.1", "0.0.0.0": "127.0.0.1"}


def command(unit: str) -> list[str]:
    """What a unit starts, behind "askcam"."""
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read_string((SHIPPED / f"{unit}.service").read_text())
    return shlex.split(parsed["Service"]["ExecStart"])[1:]


def openssl() -> list[list[str]]:
    """The page's own: of an authority, and of a machine."""
    lines = [line.strip() for line in (ROOT / "docs/front.md").read_text().splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("openssl req ")]


@dataclass
class Machine:
    """A folder in the place of /etc/askcam on one machine, with its certificate."""

    etc: Path

    def has(self, shipped: str, name: str, **changed: str) -> None:
        """A shipped file under the name that the unit has for it; `changed`: by what stands there."""
        text = (SHIPPED / shipped).read_text()
        for before, after in {**HERE, **changed}.items():
            assert before in HERE or before in text, before
            text = text.replace(before, after)
        (self.etc / name).write_text(text)

    def flags(self, unit: str) -> list[str]:
        """What follows the command's name."""
        return [word.replace("/etc/askcam", str(self.etc)) for word in command(unit)[1:]]


def machine(root: Path, name: str) -> Machine:
    """With a certificate of the authority in `root`, made as the page says."""
    etc = root / name
    etc.mkdir()
    shutil.copy(root / "ca.pem", etc / "ca.pem")
    certify(root, etc)
    return Machine(etc)


def certify(root: Path, etc: Path) -> None:
    """A certificate and key, in place of those that are there."""
    line = [word.replace("10.0.0.11", "127.0.0.1") for word in openssl()[1]]
    subprocess.run(line, cwd=root, check=True, capture_output=True, timeout=60)
    for name in ("cert.pem", "key.pem"):
        (root / name).replace(etc / name)


@dataclass
class Site:
    root: Path
    front: LiveServer
    shards: dict[str, LiveServer]

    def client(self, who: str = "front-viewer") -> httpx.Client:
        trusts = ssl.create_default_context(cafile=self.root / "ca.pem")
        headers = {"authorization": f"Bearer {who}"}
        return httpx.Client(base_url=self.front.url, headers=headers, verify=trusts, timeout=120)

    def joined(self) -> dict[str, Any]:
        with self.client("front-admin") as http:
            return {each["name"]: each for each in http.get("/v1/shards").json()["data"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    need(shutil.which("openssl") is not None, "openssl is missing: apt install openssl")
    root = tmp_path_factory.mktemp("site")
    subprocess.run(openssl()[0], cwd=root, check=True, capture_output=True, timeout=60)
    with contextlib.ExitStack() as stack:
        at_front = machine(root, "front")
        cameras = {f"rtsp://10.0.1.{number}/stream": f"synthetic:{number}" for number in (1, 2, 3)}
        folder = {"/var/lib/askcam-front/table": str(root / "table")}
        at_front.has("joined-front.toml", "front.toml", **cameras, **folder)
        front = stack.enter_context(front_server({}, *at_front.flags("askcam-front"), env=FRONT))
        made = Site(root, front, {})
        for name in ("gpu1", "gpu2"):
            here = machine(root, name)
            front_url = {"https://127.0.0.1:8400": front.url, 'name = "gpu1"': f'name = "{name}"'}
            here.has("joined-shard.toml", "shard.toml", **front_url)
            no_model = (here.etc / "shard.toml").read_text().replace('model = "Qwen/Qwen2.5-VL-7B-Instruct"', "")
            (here.etc / "shard.toml").write_text(no_model)  # the built-in one
            made.shards[name] = stack.enter_context(live_server(*here.flags("askcam"), env=SHARD))
        yield made


def test_servers_join_over_https_and_answer(site: Site) -> None:
    until(lambda: {each["joined"] for each in site.joined().values()} == {"live"} and len(site.joined()) == 2, "both")
    assert all(each["url"].startswith("https://") for each in site.joined().values())
    body = {"model": "hall", "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 4}
    with site.client() as http:
        until(lambda: http.post("/v1/chat/completions", json=body).status_code == 200, "an answer", every_s=0.2)


def shown(url: str) -> str:
    """The certificate that a new connection is shown, by its digest."""
    host, _, port = url.removeprefix("https://").partition(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host, int(port)), 60) as sock, context.wrap_socket(sock) as line:
        found = line.getpeercert(binary_form=True)
    assert found is not None
    return hashlib.sha256(found).hexdigest()


def test_a_certificate_is_renewed_while_all_run(site: Site) -> None:
    server = site.shards["gpu1"]
    first = shown(server.url)
    certify(site.root, site.root / "gpu1")
    until(lambda: shown(server.url) != first, "the new certificate", every_s=0.2)
    trusts = ssl.create_default_context(cafile=site.root / "ca.pem")
    assert httpx.get(f"{server.url}/healthz", verify=trusts, timeout=60).status_code == 200
    assert {each["state"] for each in site.joined().values()} == {"up"}


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("another authority", "its certificate is not trusted"),
        ("expired", "its certificate has expired: renew it there"),
        ("another name", "its certificate is for another name"),
        ("no TLS", "it does not answer a TLS handshake"),
        ("http in place of https", "its address begins with https://"),
    ],
)
async def test_a_server_that_the_front_cannot_trust_is_refused_with_the_reason(
    site: Site, tmp_path: Path, trouble: str, said: str
) -> None:
    ours = Authority(tmp_path if trouble == "another authority" else site.root)
    alternative = "IP:10.9.9.9" if trouble == "another name" else "IP:127.0.0.1"
    tls: ssl.SSLContext | None = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert tls is not None
    tls.load_cert_chain(*ours.signed("gpu3", alternative, EXPIRED if trouble == "expired" else 2))
    async with running(FakeShard(), tls=None if trouble == "no TLS" else tls) as shard:
        url = shard.url.replace("https", "http") if trouble == "http in place of https" else shard.url
        url = url.replace("http:", "https:") if trouble == "no TLS" else url
        told = {"name": "gpu3", "url": url, "instance": "1", "model": "m", "version": "0.1", "capacity_cameras": 1}
        trusts = ssl.create_default_context(cafile=site.root / "ca.pem")
        headers = {"authorization": f"Bearer {ADMIN}"}
        async with httpx.AsyncClient(verify=trusts, headers=headers, timeout=60) as http:
            reply = await http.post(f"{site.front.url}/v1/shards/join", json=told)
        assert shard.heard == []
    assert reply.status_code == 400, reply.text
    error = reply.json()["error"]
    assert error["code"] == "shard_unreachable"
    assert said in error["message"]
    assert "gpu3" not in site.joined()
