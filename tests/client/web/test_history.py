"""What stays of answers: the list over a reload, their pictures with times and ages, and forgetting it all."""

import re

import httpx
from playwright.sync_api import expect
from support.servers.askcam_server import LiveServer
from support.web.axe import assert_accessible
from support.web.visitor import Visitor

from askcam.demo.synthetic import SyntheticScene

SIGN = SyntheticScene(7).scene.sign.text


def test_answers_are_there_after_a_reload_with_their_pictures(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.ask("What does the sign say?")
    text = visitor.answer()
    where = visitor.last.locator(".where").inner_text()
    visitor.page.reload()
    assert visitor.answer() == text
    expect(visitor.last.locator(".where")).to_have_text(where)
    expect(visitor.page.get_by_text("Ask what lobby sees")).to_be_visible()  # a new conversation
    thumb = visitor.last.locator(".thumb img")
    assert thumb.evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 0
    visitor.snap("history")
    visitor.ask("What do you see?")
    assert SIGN in visitor.answer()
    expect(visitor.page.locator("#cards > li")).to_have_count(2)
    visitor.page.get_by_role("button", name="Clear").click()
    expect(visitor.page.locator("#cards > li")).to_have_count(0)
    visitor.page.reload()
    visitor.see_live("lobby")
    expect(visitor.page.locator("#cards > li")).to_have_count(0)


def test_what_is_kept_is_bounded_and_what_is_broken_is_left(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    kept = """async (text) => {
        sessionStorage.setItem('askcam.answers', text);
        return (await import('/web/history.js')).keptAnswers().map(({ id }) => id);
    }"""
    many = "[" + ",".join(f'{{"id": {i}, "question": "q", "phase": "done"}}' for i in range(80)) + "]"
    assert visitor.page.evaluate(kept, many) == list(range(30, 80))
    assert visitor.page.evaluate(kept, '[{"id": 1, "question": "q", "phase": "waiting"}, {"id": "2"}]') == []
    assert visitor.page.evaluate(kept, "no JSON") == []


def test_each_picture_of_an_answer_says_when_and_how_old(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.ask("What do you see?")
    visitor.answer()
    visitor.last.locator(".thumb").click()
    dialog = visitor.page.get_by_role("dialog", name="What this answer saw")
    place = dialog.get_by_role("status")
    newest = re.compile(r"^Picture (\d+) of \1: the newest · \d\d:\d\d:\d\d\.\d · [\d.]+ m?s old at the first word$")
    expect(place).to_have_text(newest)
    first = dialog.locator(".big").get_attribute("src")
    dialog.locator(".primary").focus()
    visitor.page.keyboard.press("ArrowLeft")
    expect(place).to_have_text(re.compile(r"^Picture \d+ of \d+(: the oldest)? · .* old at the first word$"))
    expect(dialog.locator(".big")).not_to_have_attribute("src", str(first))
    visitor.page.keyboard.press("ArrowRight")
    expect(place).to_have_text(newest)
    visitor.page.keyboard.press("ArrowRight")  # there is none behind it
    expect(place).to_have_text(newest)
    assert_accessible(visitor.page)


def test_an_answers_question_becomes_a_watch(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.ask("Is there a sign?")
    visitor.answer()
    visitor.page.keyboard.press("Escape")
    visitor.page.keyboard.press("w")
    dialog = visitor.page.locator(".watch-dialog")
    expect(dialog.locator("textarea, input").first).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    visitor.last.get_by_role("button", name="Watch").click()
    expect(dialog.get_by_label("Question")).to_have_value(re.compile("Is there a sign"))
    dialog.get_by_role("button", name="Watch", exact=True).click()
    expect(visitor.last.get_by_role("button", name="Watched")).to_be_visible()
    made = httpx.get(f"{live_server.url}/v1/watches", timeout=60).json()["data"]
    assert [watch["cameras"] for watch in made if "Is there a sign" in watch["question"]] == [["lobby"]]
    for watch in made:
        httpx.delete(f"{live_server.url}/v1/watches/{watch['name']}", timeout=60)
