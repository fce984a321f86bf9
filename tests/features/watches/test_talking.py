"""Watches made by talking: proposed by a call, made after a yes. The tools themselves, and through a real server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.wire_talk import ask, until
from websockets.asyncio.client import connect

from askcam.engine.calls import Call
from askcam.features.watches.tools import ConfirmWatch, CreateWatch, ListWatches, RemoveWatch
from askcam.server.access.viewer import THE_ADMIN, THE_VIEWER
from askcam.server.tools.base import CallLimits, Circumstance, Fault, Tool, ToolError
from askcam.server.tools.calling import carry_out

ONE, TWO = (Circumstance("one", f"ans_{i}", viewer=THE_ADMIN) for i in (1, 2))
VIEWER = Circumstance("one", "ans_3", THE_VIEWER)
APPLE = {"question": "Is there an apple on the desk?"}


async def call(tool: Tool, where: Circumstance = ONE, **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await tool.call(arguments, where))
    return found


async def refused(tool: Tool, where: Circumstance = ONE, **arguments: Any) -> tuple[Fault, str]:
    with pytest.raises(ToolError) as caught:
        await tool.call(arguments, where)
    return caught.value.fault, str(caught.value)


async def test_a_watch_is_proposed_in_one_answer_and_made_in_a_later_one(hall: Any) -> None:
    _, watching, _ = hall
    told = await call(CreateWatch(watching), question=APPLE["question"], for_s=5)
    proposal = told["proposal"]
    assert (proposal["action"], proposal["name"], proposal["cameras"]) == ("create", "apple-desk", ["one"])
    assert (proposal["question"], proposal["for_s"]) == ("Is there an apple on the desk? Answer yes or no.", 5)
    assert "ask for a yes" in told["next"]
    assert watching.all() == []  # nothing is done yet
    fault, why = await refused(ConfirmWatch(watching), ONE, id=proposal["id"])
    assert (fault, watching.all()) == (Fault.NOT_ALLOWED, [])
    assert "has not said yes" in why
    made = await call(ConfirmWatch(watching), TWO, id=proposal["id"])
    assert (made["watching"], made["cameras"]) == ("apple-desk", ["one"])
    assert watching.info("apple-desk").for_s == 5
    again = await refused(ConfirmWatch(watching), TWO, id=proposal["id"])  # a second yes makes no second watch
    assert again[0] is Fault.ARGUMENTS
    listed = (await call(ListWatches(watching), VIEWER))["watches"]
    assert [each["name"] for each in listed] == ["apple-desk"]
    removal = (await call(RemoveWatch(watching), name="apple-desk"))["proposal"]
    assert (removal["action"], len(watching.all())) == ("remove", 1)
    assert await call(ConfirmWatch(watching), TWO, id=removal["id"]) == {"removed": "apple-desk"}
    assert watching.all() == []


async def test_only_admins_change_what_is_watched(hall: Any) -> None:
    _, watching, _ = hall
    proposal = (await call(CreateWatch(watching), **APPLE))["proposal"]
    for tool, arguments in (
        (CreateWatch(watching), APPLE),
        (RemoveWatch(watching), {"name": "apple-desk"}),
        (ConfirmWatch(watching), {"id": proposal["id"]}),
    ):
        fault, why = await refused(tool, VIEWER, **arguments)
        assert fault is Fault.NOT_ALLOWED
        assert "admin" in why
    assert watching.all() == []


async def test_what_could_not_be_made_is_refused_as_it_is_proposed(hall: Any) -> None:
    _, watching, _ = hall
    create = CreateWatch(watching)
    assert "'cellar'" in (await refused(create, **APPLE, camera="cellar"))[1]
    assert "name one" in (await refused(create, Circumstance(None, "ans_1", viewer=THE_ADMIN), **APPLE))[1]
    assert "'nothing'" in (await refused(RemoveWatch(watching), name="nothing"))[1]
    assert "'abc'" in (await refused(ConfirmWatch(watching), id="abc"))[1]
    names = [(await call(create, **APPLE))["proposal"]["name"] for _ in range(2)]
    assert names == ["apple-desk", "apple-desk-2"]  # the second one would find the first one made


async def test_arguments_that_do_not_fit_are_refused_before_the_call(hall: Any) -> None:
    _, watching, _ = hall
    tools: dict[str, Tool] = {"create_watch": CreateWatch(watching)}
    for arguments in ("{}", '{"question": ""}', '{"question": "?", "every_s": 0.01}', '{"question": "?", "x": 1}'):
        (result,) = await carry_out([Call("create_watch", arguments, "call_1")], tools, ONE, CallLimits())
        assert result.error is not None
        assert result.error.code == "invalid_arguments"


CONFIG = """
[server]
token = "viewers-token"
admin_token = "admins-token"

[cameras.desk]
uri = "synthetic:3"
tools = ["*_watch", "list_watches"]

[watching]
folder = "kept"
"""


@dataclass(slots=True)
class Desk:
    server: LiveServer

    def http(self, role: str = "admins") -> httpx.Client:
        headers = {"Authorization": f"Bearer {role}-token"}
        return httpx.Client(base_url=self.server.url, headers=headers, timeout=120)

    def call(self, tool: str, role: str = "admins", words: str = "Tell me when there is an apple.") -> dict[str, Any]:
        """What came of the one call that an answer has to make."""
        body = {
            "model": "desk",
            "messages": [{"role": "user", "content": words}],
            "temperature": 0,
            "tool_choice": {"type": "function", "function": {"name": tool}},
        }
        with self.http(role) as http:
            reply = http.post("/v1/chat/completions", json=body)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()["askcam"]["tools"][0]
        return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    config = tmp_path_factory.mktemp("talking") / "askcam.toml"
    config.write_text(CONFIG)
    with live_server("--config", str(config)) as server:
        wait_for_pairs(server, "desk", 1, "admins-token")
        yield Desk(server)


def test_the_built_in_model_made_to_call_proposes_and_an_admin_confirms_over_http(desk: Desk) -> None:
    """It was never trained on these tools, so it is made to call; what it asks is its own."""
    called = desk.call("create_watch")
    assert called["error"] is None, called
    asked = json.loads(called["arguments"])["question"]
    proposal = json.loads(called["output"])["proposal"]
    assert proposal["question"].startswith(asked.strip().rstrip(".?! "))
    path = f"/v1/watches/proposals/{proposal['id']}"
    with desk.http("viewers") as viewer, desk.http() as admin:
        assert viewer.get(path).json()["name"] == proposal["name"]
        for forbidden in (viewer.post(f"{path}/confirm"), viewer.delete(path)):
            assert forbidden.json()["error"]["code"] == "insufficient_permissions"
        assert admin.get("/v1/watches").json()["data"] == []
        made = admin.post(f"{path}/confirm")
        assert (made.status_code, made.json()["name"], made.json()["cameras"]) == (201, proposal["name"], ["desk"])
        assert admin.post(f"{path}/confirm").status_code == 404
        assert admin.get(f"/v1/watches/{proposal['name']}").status_code == 200
        admin.delete(f"/v1/watches/{proposal['name']}")


def test_a_proposal_that_is_declined_is_gone_and_a_viewers_question_proposes_nothing(desk: Desk) -> None:
    proposal = json.loads(desk.call("create_watch")["output"])["proposal"]
    with desk.http() as admin:
        assert admin.delete(f"/v1/watches/proposals/{proposal['id']}").status_code == 204
        assert admin.post(f"/v1/watches/proposals/{proposal['id']}/confirm").status_code == 404
        assert admin.get("/v1/watches").json()["data"] == []
    assert desk.call("create_watch", "viewers")["error"]["code"] == "not_allowed"


def test_the_responses_api_knows_admins_too(desk: Desk) -> None:
    with desk.http() as admin, desk.http("viewers") as viewer:
        body = {"model": "desk", "input": "Tell me when there is an apple.", "temperature": 0}
        body["tool_choice"] = {"type": "function", "name": "create_watch"}
        codes = []
        for http in (admin, viewer):
            reply = http.post("/v1/responses", json=body)
            assert reply.status_code == 200, reply.text
            error = reply.json()["askcam"]["tools"][0]["error"]
            codes.append(error and error["code"])
    assert codes == [None, "not_allowed"]


@pytest.mark.parametrize(("role", "code"), [("admins", None), ("viewers", "not_allowed")])
async def test_realtime_sessions_know_admins_too(desk: Desk, role: str, code: str | None) -> None:
    url, headers = f"{desk.server.ws_url}/v1/realtime?model=desk", {"Authorization": f"Bearer {role}-token"}
    async with connect(url, additional_headers=headers, open_timeout=60) as websocket:
        chosen = {"type": "function", "name": "create_watch"}
        await ask(websocket, "Tell me when there is an apple.", tool_choice=chosen)
        response = (await until(websocket, "response.done"))["response"]
    error = response["askcam"]["tools"][0]["error"]
    assert (error and error["code"]) == code, response
