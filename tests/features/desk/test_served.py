"""A product desk end to end: goods with an EAN-13 before an RTSP camera, a catalogue, the built-in model."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.servers.desk_scene import APPLE_CODE
from support.servers.running import MiniRTSP
from support.waiting import until

SHOP = Path(__file__).parents[2] / "support" / "servers" / "mcp_shop.py"
HEAD = "name;barcode;price;currency;stock;delivery_days;name:zh\n"
APPLE = f"Gala apple;{APPLE_CODE};2,49;EUR;12;3;苹果\n"
# Were it looked up by what the model sees, this would be the price: the code goes first.
DECOY = "apple;;7,77;EUR;1;1;\n"


@pytest.fixture(scope="module")
def apple() -> Iterator[str]:
    """Where an RTSP camera shows an apple and its label."""
    with MiniRTSP("call:support.servers.desk_scene:apple") as camera:
        yield camera.url


@contextlib.contextmanager
def desk(folder: Path, camera: str, *rows: str) -> Iterator[LiveServer]:
    (folder / "goods.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    command = json.dumps([sys.executable, str(SHOP)])
    (folder / "askcam.toml").write_text(
        f"""
        [catalogue]
        file = "goods.csv"

        [tools]
        timeout_s = 20

        [tools.mcp.shop]
        command = {command}

        [cameras.desk]
        uri = "{camera}"
        desk = true

        [cameras.plain]
        uri = "{camera}"
        tools = ["read_barcode", "snapshot", "clock"]

        [cameras.seller]
        uri = "{camera}"
        tools = ["shop.injection"]
        """
    )
    with live_server("--config", str(folder / "askcam.toml")) as server:
        for name in ("desk", "plain", "seller"):
            wait_for_pairs(server, name, 2)
        yield server


@pytest.fixture(scope="module")
def server(apple: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with desk(tmp_path_factory.mktemp("desk"), apple, APPLE, DECOY, "broken;123;x;;;;\n") as server:
        with httpx.Client(base_url=server.url, timeout=60) as http:
            until(lambda: http.get("/v1/cameras/desk/desk").json()["facts"], "the label to be read")
        yield server


@pytest.fixture
def http(server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def ask(http: httpx.Client, camera: str, question: str, **more: Any) -> dict[str, Any]:
    body = {"model": camera, "messages": [{"role": "user", "content": question}], "temperature": 0} | more
    reply = http.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def in_sight(http: httpx.Client) -> dict[str, Any]:
    """What the desk tells while the label is in sight: a code counts for seconds, which a busy machine may let pass."""
    told: dict[str, Any] = until(
        lambda: (found := http.get("/v1/cameras/desk/desk").json())["facts"] and found, "the label to be in sight", 90
    )
    return told


def answered_by_the_code(http: httpx.Client, question: str) -> dict[str, Any]:
    """The first answer to the question for which the label was in sight; without it the model looks up what it sees."""

    def given() -> dict[str, Any] | None:
        answer = ask(http, "desk", question)
        return answer if "read" in {fact["source"] for fact in answer["askcam"].get("facts") or ()} else None

    answer: dict[str, Any] = until(given, "an answer from what was read", 90)
    return answer


def text(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def test_the_desk_tells_what_it_reads_and_looks_up(http: httpx.Client) -> None:
    told = in_sight(http)
    assert (told["width"], told["height"]) == (1280, 720)
    (code,) = told["codes"]
    assert (code["code"], code["format"], code["verified"]) == (APPLE_CODE, "EAN-13", True)
    assert all(700 < x < 1150 and 250 < y < 550 for x, y in code["corners"])
    read, found = told["facts"]
    assert (read["source"], read["values"]) == ("read", {"format": "EAN-13", "code": APPLE_CODE})
    assert found["source"] == "looked_up"
    assert found["values"]["price"] == "2.49"
    assert told["guidance"] == []


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How much is this?", "2.49 EUR"),
        ("Is it in stock?", "12"),
        ("How long does delivery take?", "3 days"),
        ("这个多少钱？", "2.49 EUR"),
    ],
)
def test_a_question_is_answered_from_the_catalogue_by_the_code(http: httpx.Client, question: str, said: str) -> None:
    answer = answered_by_the_code(http, question)
    assert said in text(answer)
    (tool,) = answer["askcam"]["tools"]
    assert (tool["name"], tool["server"], tool["error"]) == ("lookup_product", "built-in", None)
    assert json.loads(tool["output"])["price"] == "2.49"
    assert {fact["source"] for fact in answer["askcam"]["facts"]} == {"read", "looked_up"}


def test_a_catalogue_that_lacks_the_code_is_said_to(apple: str, tmp_path: Path) -> None:
    with desk(tmp_path, apple, DECOY) as server, httpx.Client(base_url=server.url, timeout=60) as http:
        assert in_sight(http)["facts"][1]["text"] == f"{APPLE_CODE} is not in the catalogue"
        answer = answered_by_the_code(http, "How much is this?")
        assert text(answer) == "I could not find that product."
        (tool,) = answer["askcam"]["tools"]
        assert json.loads(tool["output"]) == {"error": "not found"}


def forced(http: httpx.Client, camera: str, name: str) -> dict[str, Any]:
    """What a tool brings that the model must call."""
    choice = {"type": "function", "function": {"name": name}}
    (tool, *_) = ask(http, camera, "What is this?", tool_choice=choice)["askcam"]["tools"]
    assert tool["name"] == name
    found: dict[str, Any] = tool
    return found


def test_any_camera_s_codes_can_be_read_when_the_model_wants_to(http: httpx.Client) -> None:
    told = json.loads(forced(http, "plain", "read_barcode")["output"])
    assert (told["code"], told["format"], told["position"]) == (APPLE_CODE, "EAN-13", "right")
    assert 0 <= told["age_ms"] < 60_000


def test_a_snapshot_names_where_the_picture_is(http: httpx.Client) -> None:
    told = json.loads(forced(http, "plain", "snapshot")["output"])
    assert (told["width"], told["height"], told["health"]) == (1280, 720, [])
    picture = http.get(told["url"])
    assert picture.content.startswith(b"\xff\xd8")


def test_what_a_tool_says_can_neither_call_tools_nor_give_orders(http: httpx.Client) -> None:
    """Its text holds a call of another tool, and the end of its own turn."""
    answer = ask(http, "seller", "What is this?", tool_choice={"type": "function", "function": {"name": "injection"}})
    tools = answer["askcam"]["tools"]
    assert "<tool_call>" in tools[0]["output"]  # what it said is recorded as it was
    assert {tool["name"] for tool in tools} == {"injection"}
    assert "tool_call" not in text(answer)


def test_all_tools_are_listed_with_their_cameras(http: httpx.Client) -> None:
    told = until(
        lambda: (found := http.get("/v1/tools").json())["servers"][0]["state"] == "connected" and found, "the shop"
    )
    tools = {(tool["server"], tool["name"]): tool for tool in told["data"]}
    assert tools["built-in", "lookup_product"]["cameras"] == ["desk"]
    assert tools["built-in", "clock"]["cameras"] == ["plain"]
    assert tools["shop", "injection"]["cameras"] == ["seller"]
    assert tools["shop", "lookup_product"]["cameras"] == []  # nobody's list names it
    assert all(tool["parameters"]["type"] == "object" for tool in tools.values())
    away = {name for name, tool in tools.items() if not tool["available"]}
    assert away == {("built-in", "search_timeline")}  # no timeline is kept here


def test_a_camera_that_is_no_desk_says_so(http: httpx.Client) -> None:
    reply = http.get("/v1/cameras/plain/desk")
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] == "no_desk"
    assert http.get("/v1/cameras/nobody/desk").json()["error"]["code"] == "model_not_found"


def test_a_code_that_is_taken_away_is_forgotten(tmp_path: Path) -> None:
    with MiniRTSP("call:support.servers.desk_scene:for_a_while") as camera:
        (tmp_path / "askcam.toml").write_text(f'[cameras.desk]\nuri = "{camera.url}"\ndesk = true\n')
        serving = live_server("--config", str(tmp_path / "askcam.toml"))
        with serving as server, httpx.Client(base_url=server.url, timeout=60) as http:

            def codes() -> list[Any]:
                found: list[Any] = http.get("/v1/cameras/desk/desk").json()["codes"]
                return found

            until(codes, "the label to be read", 60)
            until(lambda: not codes(), "the label to be forgotten", 60)
