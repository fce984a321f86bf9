"""Every route there is, asked with a token of another camera, in every place where a camera or something of one can
stand: it is answered exactly as if that were not there. A route that nobody has said how to try fails here."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.routing import WebSocketRoute
from support.tries import CHAT, HARMLESS, TRIES
from support.vault import ADMIN, GUARD, KIOSK, OTHER, VIEWER, Vault, asked, hear, open_vault, watch

from askcam.app.asgi import all_endpoints, build_app
from askcam.app.build import build_core
from askcam.app.config import Config
from askcam.app.config_file import load
from askcam.features.clips.config import ClipsConfig
from askcam.server.wire.endpoint import Endpoint

# With what has routes only where it is switched on.
WITH_ALL = Config(sections=load().sections | {"clips": ClipsConfig(folder=Path("nowhere"))})
STATES = re.compile(r'"(frame_age_ms|created|created_at|ttft_ms|engine_ms|completed_at)": ?[^,}]+')
IDS = re.compile(r"\b(ans_|resp_|msg_|chatcmpl-|item_|req_|event_|sess_)[A-Za-z0-9_-]+")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with open_vault(tmp_path_factory.mktemp("vault")) as vault:
        yield vault


@pytest.fixture(scope="module")
def endpoints() -> dict[str, Endpoint]:
    return {f"{each.method} {each.plain_path}": each for each in all_endpoints(build_core(WITH_ALL))}


def test_every_route_says_how_it_is_tried(endpoints: dict[str, Endpoint]) -> None:
    app = build_app(build_core(WITH_ALL))
    sockets = {
        re.sub(r":\w+}", "}", f"WEBSOCKET {each.path}") for each in app.routes if isinstance(each, WebSocketRoute)
    }
    assert set(TRIES) == set(endpoints) | sockets


def test_every_place_of_a_route_is_tried_or_harmless(endpoints: dict[str, Endpoint]) -> None:
    for name, endpoint in endpoints.items():
        if endpoint.role is None:
            continue
        tries = TRIES[name]
        said = json.dumps([[each.query, each.body] for each in tries])
        fields = [] if endpoint.body is None else [each.name for each in msgspec.structs.fields(endpoint.body)]
        places = [each.name for each in endpoint.takes if each.place != "path"] + fields
        untried = [place for place in places if place not in HARMLESS and f'"{place}"' not in said]
        assert not untried, f"{name}: in {untried} something of a camera may stand; say how that is tried"


def filled(template: Any, things: dict[str, Any]) -> Any:
    match template:
        case str():
            whole = re.fullmatch(r"\{(\w+)\}", template)
            if whole and whole[1] in things:
                return things[whole[1]]
            return re.sub(r"\{(\w+)\}", lambda match: str(things.get(match[1], match[0])), template)
        case dict():
            return {key: filled(value, things) for key, value in template.items()}
        case list():
            return [filled(each, things) for each in template]
        case other:
            return other


def said(reply: httpx.Response, things: dict[str, Any]) -> str:
    """What was answered, with the things that were asked for in place of their names."""
    text = reply.text if "image" not in reply.headers.get("content-type", "") else f"a picture of {len(reply.content)}"
    for name, value in things.items():
        where = r"(?<=[/'\" ])" if isinstance(value, str) else r"(?<=/)|(?<=event )|(?<=entry )|(?<=note )"
        text = re.sub(rf"(?:{where}){re.escape(str(value))}(?![\w-])", f"<{name}>", text)
    return IDS.sub("<id>", STATES.sub("", text))


@pytest.mark.parametrize("token", [KIOSK, GUARD], ids=["ask", "watch"])
@pytest.mark.parametrize("name", [name for name, tries in TRIES.items() if tries])
def test_what_is_of_another_camera_is_as_if_it_were_not_there(
    vault: Vault, endpoints: dict[str, Endpoint], name: str, token: str
) -> None:
    endpoint = endpoints[name]
    vault.propose()
    with vault.client(token) as client:
        for each in TRIES[name]:
            told = []
            for things in (vault.real, vault.unreal):
                path = filled(each.path or endpoint.plain_path, things)
                body = {} if each.body is None else {"json": filled(each.body, things)}
                reply = client.request(
                    endpoint.method, path, params=filled(each.query, things), headers=each.headers, **body
                )
                asked_for = json.dumps([path, body, filled(each.query, things)])
                for secret in vault.secrets:
                    assert secret in asked_for or secret not in reply.text, (each, secret, reply.text)
                told.append((reply.status_code, said(reply, things)))
            mentions = re.search(r"\{(camera|pushed|watch|answer|response|item|event|entry|proposal)\}", repr(each))
            if mentions:
                assert told[0] == told[1], each
    with vault.client(ADMIN) as admin:  # and nothing was done to it
        assert admin.get("/v1/watches/in-vault").json()["cameras"] == ["vault"]
        assert admin.get(f"/v1/watches/proposals/{vault.real['proposal']}").status_code == 200
        event = admin.get(f"/v1/events/{vault.real['event']}").json()
        assert (event["acknowledged_at"], event["verdict"]) == (None, None)
        assert admin.get(f"/v1/responses/{vault.real['response']}").status_code == 200


def test_what_is_of_ones_own_camera_is_had(vault: Vault) -> None:
    with vault.client(KIOSK) as kiosk, vault.client(OTHER) as other:
        assert [each["name"] for each in kiosk.get("/v1/cameras").json()["data"]] == ["lobby"]
        assert kiosk.get("/v1/cameras/lobby/snapshot.jpg").status_code == 200
        answer = asked(kiosk, "lobby")["askcam"]["answer_id"]
        assert kiosk.get(f"/v1/answers/{answer}/frames/0.jpg").status_code == 200
        assert other.get(f"/v1/answers/{answer}").status_code == 404
        response = asked(kiosk, "lobby", "responses")["id"]
        assert kiosk.get(f"/v1/responses/{response}").status_code == 200
        for token in (OTHER, VIEWER, GUARD):
            with vault.client(token) as client:
                assert client.get(f"/v1/responses/{response}").status_code == 404
        assert {each["camera"] for each in kiosk.get("/v1/events").json()["data"]} == {"lobby"}
        assert {each["camera"] for each in other.get("/v1/events").json()["data"]} == {"vault"}
        assert {each["name"] for each in kiosk.get("/v1/watches").json()["data"]} == {"in-lobby", "in-both"}
        both = kiosk.get("/v1/watches/in-both").json()
        assert (both["cameras"], [now["camera"] for now in both["now"]]) == (["lobby"], ["lobby"])
        assert [each["camera"] for each in kiosk.get("/v1/watches/in-both/readings").json()["data"]] == ["lobby"]
        assert {each["camera"] for each in kiosk.get("/v1/timeline").json()["data"]} == {"lobby"}
        assert kiosk.get("/v1/session").json() == {
            "role": "viewer", "token_required": True, "name": "kiosk", "cameras": ["lobby"],
        }  # fmt: skip
        event = kiosk.get("/v1/events").json()["data"][0]["id"]
        seen = kiosk.post(f"/v1/events/{event}/acknowledge", json={"acknowledged": True})
        assert seen.json()["acknowledged_at"] is not None


def test_a_watcher_changes_watches_on_its_cameras_and_no_others(vault: Vault) -> None:
    with vault.client(GUARD) as guard, vault.client(KIOSK) as kiosk:
        assert kiosk.post("/v1/watches", json=watch("mine", "lobby")).status_code == 403
        assert guard.post("/v1/watches", json=watch("mine", "lobby")).status_code == 201
        assert guard.patch("/v1/watches/mine", json={"on": 0.5}).json()["on"] == 0.5
        assert guard.patch("/v1/watches/mine", json={"cameras": ["lobby", "vault"]}).status_code == 404
        assert guard.delete("/v1/watches/mine").status_code == 204
        for reply in (
            guard.patch("/v1/watches/in-both", json={"on": 0.5}),
            guard.delete("/v1/watches/in-both"),
            guard.get("/v1/watches/in-both/calibration"),
        ):
            assert (reply.status_code, reply.json()["error"]["code"]) == (403, "insufficient_permissions")
            assert "vault" not in reply.text
        made = kiosk.post("/v1/watches/proposals", json={"question": "Is it shut?", "cameras": ["lobby"]}).json()
        assert [each["id"] for each in guard.get("/v1/watches/proposals").json()["data"]] == [made["id"]]
        assert guard.post(f"/v1/watches/proposals/{made['id']}/confirm").status_code == 201
        assert guard.delete(f"/v1/watches/{made['name']}").status_code == 204


def test_a_stream_of_events_tells_of_ones_own_cameras_alone(vault: Vault) -> None:
    with vault.client(KIOSK) as kiosk:
        headers = {"accept": "text/event-stream", "last-event-id": "0"}
        wanted = {each["id"] for each in kiosk.get("/v1/events").json()["data"]}
        heard: list[str] = []
        with kiosk.stream("GET", "/v1/events", headers=headers) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    heard.append(line)
                    wanted.discard(json.loads(line[6:]).get("id"))
                if not wanted:
                    break
        assert not any("vault" in line for line in heard)


REFUSED = ("model={camera}", "model={pushed}", "session={session}", "session={session}&model={camera}", "model=")


@pytest.mark.parametrize("query", REFUSED)
def test_a_session_of_another_camera_is_as_if_it_were_not_there(vault: Vault, query: str) -> None:
    told = []
    for things in (vault.real, vault.unreal):
        with vault.talk(KIOSK, filled(query, things)) as connection:
            error = hear(connection, "error")["error"]
            text = json.dumps(error)
            for name, value in things.items():
                text = text.replace(f"'{value}'", f"<{name}>")
            told.append(text)
            assert "vault" not in text
    assert told[0] == told[1]


WISHES: tuple[dict[str, Any], ...] = (
    {"type": "watch.create", "watch": watch("mine", "{camera}")},
    {"type": "watch.update", "name": "{watch}", "watch": {"on": 0.5}},
    {"type": "watch.update", "name": "in-lobby", "watch": {"cameras": ["{camera}"]}},
    {"type": "watch.delete", "name": "{watch}"},
)


@pytest.mark.parametrize("token", [KIOSK, GUARD], ids=["ask", "watch"])
def test_a_session_does_nothing_with_watches_of_others_and_hears_nothing_of_them(vault: Vault, token: str) -> None:
    with vault.talk(token, "model=lobby") as connection:
        hear(connection, "session.created")
        for wish in WISHES:
            told = []
            for things in (vault.real, vault.unreal):
                connection.send(json.dumps(filled(wish, things)))
                error = hear(connection, "error", "watch.created", "watch.updated", "watch.deleted")
                assert error["type"] == "error", error
                text = json.dumps({key: error["error"].get(key) for key in ("message", "code", "param")})
                for name in ("camera", "watch"):
                    text = text.replace(f"'{things[name]}'", f"<{name}>")
                told.append(text)
            assert told[0] == told[1]
        connection.send(json.dumps({"type": "watch.list"}))
        assert "vault" not in json.dumps(hear(connection, "watch.listed"))
        events = {"events": ["watch.event"], "events_after": 0}
        connection.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "askcam": events}}))
        with vault.client(token) as client:
            wanted = {each["id"] for each in client.get("/v1/events").json()["data"]}
        while wanted:
            event = hear(connection, "watch.event", "watch.gone")
            assert event["type"] == "watch.event"
            assert event["event"]["camera"] == "lobby"
            wanted.discard(event["event"]["id"])


def test_a_private_camera_is_its_own_tokens_alone(vault: Vault) -> None:
    with vault.talk(KIOSK, "model=push:") as connection, vault.client(KIOSK) as kiosk:
        name = hear(connection, "session.created")["session"]["askcam"]["camera"]
        assert kiosk.get(f"/v1/cameras/{name}").json()["private"]
        for token in (OTHER, VIEWER):
            with vault.client(token) as client:
                assert client.get(f"/v1/cameras/{name}").status_code == 404
                reply = client.post("/v1/chat/completions", json={"model": name, **CHAT})
                assert (reply.status_code, reply.json()["error"]["code"]) == (404, "model_not_found")


def test_a_page_that_has_logged_in_is_for_the_same_cameras(vault: Vault) -> None:
    with httpx.Client(base_url=vault.server.url, timeout=60) as page:
        assert page.post("/v1/session", json={"token": KIOSK}).headers["x-askcam-role"] == "viewer"
        assert [each["name"] for each in page.get("/v1/cameras").json()["data"]] == ["lobby"]
        assert page.get("/v1/cameras/vault/snapshot.jpg").status_code == 404


def test_nothing_of_tokens_is_shown(vault: Vault, tmp_path: Path) -> None:
    log = "".join(vault.server.log)
    assert not any(token in log for token in (KIOSK, GUARD, OTHER, ADMIN, VIEWER))
