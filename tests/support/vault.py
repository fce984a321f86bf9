"""A real server with two cameras, something of each, and a token for one of them: what must not be seen with it."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.waiting import until
from websockets.sync.client import ClientConnection, connect

ADMIN, VIEWER = "admin-token-of-the-tests", "viewer-token-of-the-tests"
KIOSK, GUARD, OTHER = "kiosk-token-of-the-tests", "guard-token-of-the-tests", "other-token-of-the-tests"
QUESTION = "Is there anything? Answer yes or no."
CONFIG = f"""
[server]
token = "{VIEWER}"
admin_token = "{ADMIN}"
[tokens.kiosk]
token = "{KIOSK}"
rights = "ask"
cameras = ["lobby"]
[tokens.guard]
token = "{GUARD}"
rights = "watch"
cameras = ["lobby"]
[tokens.other]
token = "{OTHER}"
rights = "watch"
cameras = ["vault"]
[cameras.lobby]
uri = "synthetic:7"
tools = ["search_timeline", "list_watches", "create_watch", "remove_watch", "confirm_watch"]
[cameras.vault]
uri = "synthetic:11"
desk = true
[cameras.vault.zones.door]
polygon = [[0.1, 0.1], [0.6, 0.1], [0.6, 0.6]]
[clips]
folder = "clips"
before_s = 1
after_s = 1
[timeline]
enabled = true
folder = "timeline"
max_notes_per_hour = 1
[evidence]
enabled = true
folder = "evidence"
[watching]
folder = "watching"
"""


@dataclass(slots=True)
class Vault:
    """`real`: names and ids of what belongs to the camera "vault"; `unreal`: the same of what is not there."""

    server: LiveServer
    real: dict[str, Any] = field(default_factory=dict)
    unreal: dict[str, Any] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)  # texts by which something of the vault would be known

    def client(self, token: str) -> httpx.Client:
        return httpx.Client(base_url=self.server.url, headers={"Authorization": f"Bearer {token}"}, timeout=120)

    def propose(self) -> None:
        """A watch of the vault that waits for a yes: anew, since one waits no longer than ten minutes."""
        with self.client(ADMIN) as admin:
            if (before := self.real.get("proposal")) is not None:
                admin.delete(f"/v1/watches/proposals/{before}")
            said = {"question": "Is it shut?", "cameras": ["vault"]}
            self.real["proposal"] = admin.post("/v1/watches/proposals", json=said).json()["id"]

    def talk(self, token: str, query: str) -> ClientConnection:
        headers = {"Authorization": f"Bearer {token}"}
        return connect(f"{self.server.ws_url}/v1/realtime?{query}", additional_headers=headers, open_timeout=60)


def hear(connection: ClientConnection, *kinds: str) -> dict[str, Any]:
    """The next event of one of these types."""
    while True:
        event: dict[str, Any] = json.loads(connection.recv(timeout=120))
        if event["type"] in kinds:
            return event


def asked(client: httpx.Client, camera: str, path: str = "chat/completions", **more: Any) -> dict[str, Any]:
    """An answer about a camera."""
    said: Mapping[str, Any] = (
        {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 2} if path.startswith("chat") else
        {"input": QUESTION, "max_output_tokens": 2}
    )  # fmt: skip
    reply = client.post(f"/v1/{path}", json={"model": camera, **said, **more})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def watch(name: str, *cameras: str) -> dict[str, Any]:
    """One that turns on at once."""
    return {
        "name": name, "question": QUESTION, "cameras": list(cameras), "every_s": 0.5, "for_s": 0,
        "on": 0.000001, "off": 0, "only_when_healthy": False,
    }  # fmt: skip


@contextlib.contextmanager
def open_vault(folder: Path) -> Iterator[Vault]:
    """An admin has asked, and has watches on each camera and on both; each has told of something."""
    config = folder / "askcam.toml"
    config.write_text(CONFIG)
    with live_server("--config", str(config)) as server, contextlib.ExitStack() as stack:
        vault = Vault(server)
        admin = stack.enter_context(vault.client(ADMIN))
        for camera in ("lobby", "vault"):
            wait_for_pairs(server, camera, 2, ADMIN)
        for name, cameras in (("in-lobby", ["lobby"]), ("in-vault", ["vault"]), ("in-both", ["lobby", "vault"])):
            made = admin.post("/v1/watches", json=watch(name, *cameras))
            assert made.status_code == 201, made.text
        answer = asked(admin, "vault")["askcam"]["answer_id"]
        responded = asked(admin, "vault", "responses")
        pushed = stack.enter_context(vault.talk(ADMIN, "model=push:"))
        own = hear(pushed, "session.created")["session"]
        talking = stack.enter_context(vault.talk(ADMIN, "model=vault"))
        session = hear(talking, "session.created")["session"]["id"]

        def told() -> tuple[Any, Any] | None:
            events = admin.get("/v1/events", params={"watch": "in-vault"}).json()["data"]
            entries = admin.get("/v1/timeline", params={"camera": "vault", "level": "note"}).json()["data"]
            shown = [each for each in entries if each["frame_url"]]
            both = admin.get("/v1/events", params={"watch": "in-both", "camera": "lobby"}).json()["data"]
            kept = admin.get(f"/v1/answers/{answer}/key.jpg").status_code == 200
            return (events[0], shown[0]) if events and shown and both and kept else None

        event, entry = until(told, "an event and an entry of the vault")
        for name in ("in-lobby", "in-vault", "in-both"):  # they have told enough
            assert admin.patch(f"/v1/watches/{name}", json={"every_s": 600}).status_code == 200
        vault.real = {
            "camera": "vault", "watch": "in-vault", "answer": answer, "response": responded["id"],
            "item": responded["output"][-1]["id"], "session": session, "pushed": own["askcam"]["camera"],
            "event": event["id"], "entry": entry["id"],
        }  # fmt: skip
        vault.unreal = {
            "camera": "nixie", "watch": "in-nixie", "answer": "ans_" + "x" * 24, "response": "resp_" + "x" * 24,
            "item": "msg_" + "x" * 24, "session": "sess_" + "x" * 24, "pushed": "push-" + "f" * 16,
            "proposal": "ffffff", "event": 999_999, "entry": 999_998,
        }  # fmt: skip
        vault.secrets = [str(vault.real[name]) for name in vault.real if name not in ("event", "entry")]
        yield vault
