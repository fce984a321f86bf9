"""GET /words, through the real app: which language a reader gets, and all that is in it."""

import re

import pytest
from starlette.testclient import TestClient

from askcam.app.asgi import build_app
from askcam.app.build import build_core
from askcam.app.config import Config


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(build_app(build_core(Config())), base_url="http://127.0.0.1:8400")


@pytest.mark.parametrize(
    ("prefer", "language"),
    [
        ("zh-CN,en", "zh"),
        ("zh-TW", "zh"),
        ("de-DE,zh", "zh"),
        ("en-GB,zh", "en"),
        ("de", "en"),
        ("", "en"),
        (",,;,../zh,\0", "en"),
        ("x" * 5000 + ",zh", "en"),
    ],
)
def test_the_first_that_there_is_and_else_english(client: TestClient, prefer: str, language: str) -> None:
    reply = client.get("/words", params={"prefer": prefer})
    assert reply.status_code == 200
    assert reply.json()["language"] == language


def test_english_is_what_is_got_without_a_wish(client: TestClient) -> None:
    told = client.get("/words").json()
    assert (told["language"], told["tag"], told["dates"], told["sentences"]) == ("en", "en", "en-GB", [])
    assert {"ask.ask", "desk.hold", "wall.live", "watch.new_title"} <= set(told["words"])


def test_a_language_says_of_itself_what_browsers_want(client: TestClient) -> None:
    told = client.get("/words?prefer=zh").json()
    assert (told["tag"], told["dates"]) == ("zh-CN", "zh-CN")
    english, chinese = told["languages"]
    assert (english["language"], english["name"], english["switch"]) == ("en", "English", "Switch the page to English")
    assert (chinese["language"], chinese["short"]) == ("zh", "中文")


def test_sentences_fill_in_what_they_find(client: TestClient) -> None:
    sentences = client.get("/words?prefer=zh").json()["sentences"]
    assert len(sentences) > 40
    for pattern, text in sentences:
        assert set(re.findall(r"\{(\w+)\}", text)) <= set(re.findall(r"\(\?<(\w+)>", pattern))


def test_yesterdays_words_are_asked_for_anew(client: TestClient) -> None:
    assert client.get("/words").headers["cache-control"] == "no-cache"
