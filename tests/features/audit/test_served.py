"""The audit log of a real server: who did what, without tokens, and without questions where they are not wanted."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.program import askcam
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.vault import asked, hear, watch
from support.waiting import until
from websockets.sync.client import connect

ADMIN, KIOSK = "admin-token-of-the-tests", "kiosk-token-of-the-tests"


@dataclass
class Audited:
    server: LiveServer
    config: Path

    def lines(self, *args: str) -> list[dict[str, Any]]:
        done = askcam("audit", "list", "--config", str(self.config), "--json", "--limit", "1000", *args)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def client(self, token: str) -> httpx.Client:
        return httpx.Client(base_url=self.server.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    @property
    def text(self) -> str:
        return "".join(path.read_text() for path in (self.config.parent / "audit").glob("*.jsonl"))


@pytest.fixture(scope="module", params=[True, False], ids=["questions", "no questions"])
def audited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    config = tmp_path_factory.mktemp("audited") / "askcam.toml"
    config.write_text(
        f'[server]\nadmin_token = "{ADMIN}"\n[tokens.kiosk]\ntoken = "{KIOSK}"\nrights = "ask"\ncameras = ["lobby"]\n'
        f'[audit]\nenabled = true\nfolder = "audit"\nquestions = {json.dumps(request.param)}\n'
    )
    with live_server("--config", str(config), cameras=["lobby=synthetic:7", "vault=synthetic:8"]) as server:
        wait_for_pairs(server, "lobby", 1, ADMIN)
        yield Audited(server, config)


def test_who_did_what_is_told(audited: Audited, request: pytest.FixtureRequest) -> None:
    with audited.client(KIOSK) as kiosk, audited.client(ADMIN) as admin:
        answer = asked(kiosk, "lobby")["askcam"]["answer_id"]
        kiosk.get("/v1/cameras/lobby/snapshot.jpg")
        kiosk.get("/v1/cameras/vault/snapshot.jpg")
        kiosk.get(f"/v1/answers/{answer}/frames/0.jpg")
        admin.post("/v1/watches", json=watch("door", "vault"))
        admin.post("/v1/watches", json=watch("door", "vault"))
        httpx.get(audited.server.url + "/v1/cameras", headers={"Authorization": "Bearer wrong-token"}, timeout=60)
    with connect(
        f"{audited.server.ws_url}/v1/realtime?model=lobby",
        additional_headers={"Authorization": f"Bearer {ADMIN}"},
        open_timeout=60,
    ) as talking:
        hear(talking, "session.created")
        talking.send(json.dumps({"type": "watch.delete", "name": "door"}))
        hear(talking, "watch.deleted")
    want = [
        ("kiosk", "question", None, {"camera": "lobby", "answer": answer}),
        ("kiosk", "POST /v1/chat/completions", 200, {"camera": "lobby"}),
        ("kiosk", "GET /v1/cameras/{name}/snapshot.jpg", 200, {"camera": "lobby"}),
        ("kiosk", "GET /v1/cameras/{name}/snapshot.jpg", 404, {"camera": "vault"}),
        ("kiosk", "GET /v1/answers/{id}/frames/{index:int}.jpg", 200, {"id": answer, "index": 0}),
        ("admin", "POST /v1/watches", 201, {"watch": "door", "cameras": ["vault"]}),
        ("admin", "POST /v1/watches", 409, {"watch": "door"}),
        ("admin", "WEBSOCKET /v1/realtime", 101, {"model": "lobby"}),
        ("admin", "SESSION watch.delete", None, {"watch": "door"}),
    ]

    def missing() -> list[Any]:
        lines = audited.lines()
        return [
            each for each in want if not any(
                (line["who"], line["did"], line.get("status")) == each[:3] and each[3].items() <= line["about"].items()
                for line in lines)
        ]  # fmt: skip

    until(lambda: not missing(), f"{want} to be told", every_s=0.5)
    assert {line["who"] for line in audited.lines()} <= {"kiosk", "admin", "server"}  # nothing of strangers
    assert {line["address"] for line in audited.lines()} <= {"127.0.0.1", "local"}
    assert [line["did"] for line in audited.lines("--who", "kiosk", "--camera", "vault")] == [
        "GET /v1/cameras/{name}/snapshot.jpg"
    ]
    wanted = request.node.callspec.params["audited"]
    assert ("Is there anything?" in audited.text) == wanted
    for token in (ADMIN, KIOSK, "wrong-token"):
        assert token not in audited.text


def test_the_log_is_whole_and_a_change_is_told(audited: Audited) -> None:
    folder = str(audited.config.parent / "audit")
    done = askcam("audit", "verify", "--data", folder, "--json")
    assert done.returncode == 0, done.stdout
    last = json.loads(done.stdout.splitlines()[-1])["last"]
    assert askcam("audit", "verify", "--data", folder, "--noted", last).returncode == 0
    assert askcam("audit", "verify", "--data", folder, "--noted", "0" * 63 + "1").returncode == 1
    with audited.client(ADMIN) as admin:
        told = admin.get("/metrics").text
    assert 'askcam_audit_records_total{outcome="written"}' in told
    assert 'askcam_audit_records_total{outcome="lost"} 0.0' in told
