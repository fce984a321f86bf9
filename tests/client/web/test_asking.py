"""Asking the sample camera, as a person does it."""

import re

from playwright.sync_api import expect
from support.servers.askcam_server import LiveServer
from support.web.visitor import Visitor

from askcam.demo.synthetic import SyntheticScene

SIGN = SyntheticScene(7).scene.sign.text  # what the sample camera shows, whatever the time

STOP_AT_FIRST_WORD = """
() => new MutationObserver((_, observer) => {
  if (document.querySelector('#cards li:last-child[data-phase=answering] .text')?.textContent) {
    observer.disconnect();
    document.getElementById('send').click();
  }
}).observe(document.getElementById('cards'), { subtree: true, childList: true, characterData: true, attributes: true })
"""


def test_the_question_is_answered_without_a_click(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.see_live("lobby")
    visitor.snap("start")
    expect(visitor.question).to_be_focused()
    visitor.page.keyboard.type("What does the sign say?")
    visitor.page.keyboard.press("Enter")
    assert visitor.answer() == f'It says "{SIGN}".'
    expect(visitor.last.locator(".facts")).to_have_text(
        re.compile(r"^first\sword\s[\d.]+\ss · whole\s[\d.]+\ss · frame\s[\d.]+\s(ms|s)\sold")
    )
    expect(visitor.pill).to_have_text(re.compile(r"built-in · [\d.]+ s · live"))
    expect(visitor.question).to_have_value("")
    expect(visitor.question).to_be_focused()


def test_a_suggestion_is_one_click(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.page.get_by_role("button", name="What do you see?").click()
    expect(visitor.question).to_be_focused()
    assert f'"{SIGN}"' in visitor.answer()


def test_an_answer_shows_the_picture_it_was_given_from(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.ask("What do you see?")
    visitor.answer()
    thumb = visitor.last.locator(".thumb")
    expect(thumb.locator("img")).to_have_js_property("complete", True)
    assert thumb.locator("img").evaluate("image => image.naturalWidth") > 0
    visitor.snap("answered")
    thumb.click()
    dialog = visitor.page.get_by_role("dialog", name="What this answer saw")
    expect(dialog.get_by_role("status")).to_contain_text("the newest")
    assert dialog.locator(".big").evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 0
    visitor.snap("evidence")
    visitor.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_stop_in_the_middle_of_an_answer(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.ask("Summarize what happened.")
    whole = visitor.answer()
    visitor.page.evaluate(STOP_AT_FIRST_WORD)
    visitor.ask("Summarize what happened.")
    expect(visitor.last).to_have_attribute("data-phase", "stopped")
    expect(visitor.last.locator(".ending")).to_have_text("Stopped")
    text = visitor.last.locator(".text").inner_text()
    assert 0 < len(text) < len(whole)
    visitor.snap("stopped")
    visitor.ask("What does the sign say?")
    assert SIGN in visitor.answer()


def test_escape_stops_before_the_first_word(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.see_live("lobby")
    visitor.question.fill("Summarize what happened.")
    visitor.page.evaluate("""() => {
        const box = document.getElementById('question');
        const press = (key) =>
            box.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
        press('Enter');
        press('Escape');
    }""")
    expect(visitor.last).to_have_attribute("data-phase", "stopped")
    expect(visitor.last.locator(".ending")).to_have_text("Stopped before the first word")


def test_a_follow_up_knows_what_it_is_about_until_a_new_conversation(visitor: Visitor, live_server: LiveServer) -> None:
    sent: list[str] = []
    visitor.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    visitor.open(live_server.url)
    visitor.ask("What does the sign say?")
    first = visitor.answer()
    visitor.ask("Is it moving?")
    visitor.answer()
    assert first.replace('"', '\\"') in sent[-1], "the follow-up was asked without the answer before it"
    visitor.page.get_by_role("button", name="New conversation").click()
    expect(visitor.page.get_by_text("Ask what lobby sees")).to_be_visible()
    visitor.ask("What does the sign say?")
    assert SIGN in visitor.answer()
    assert first.replace('"', '\\"') not in sent[-1], "a new conversation still knows of the old one"
    expect(visitor.page.locator("#cards > li")).to_have_count(3)


def test_copy_and_ask_again(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.ask("What does the sign say?")
    text = visitor.answer()
    visitor.last.get_by_role("button", name="Copy").click()
    expect(visitor.last.get_by_role("button", name="Copied")).to_be_visible()
    assert visitor.page.evaluate("() => navigator.clipboard.readText()") == text
    visitor.last.get_by_role("button", name="Ask again").click()
    expect(visitor.page.locator("#cards > li")).to_have_count(2)
    assert visitor.answer() == text


def test_the_keyboard_alone(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.see_live("lobby")
    keyboard = visitor.page.keyboard
    keyboard.type("/ is written while in the box")
    expect(visitor.question).to_have_value("/ is written while in the box")
    visitor.question.fill("What does the sign say?")
    keyboard.press("Enter")
    visitor.answer()
    keyboard.press("Escape")
    expect(visitor.question).not_to_be_focused()
    keyboard.press("?")
    visitor.snap("help")
    keyboard.press("Escape")
    keyboard.press("r")
    expect(visitor.page.locator("#cards > li")).to_have_count(2)
    visitor.answer()
    keyboard.press("n")
    expect(visitor.page.get_by_text("Ask what lobby sees")).to_be_visible()
    keyboard.press("1")
    expect(visitor.chip("lobby")).to_have_attribute("aria-pressed", "true")
    keyboard.press("/")
    expect(visitor.question).to_be_focused()


def test_enter_that_chooses_a_chinese_word_sends_nothing(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.see_live("lobby")
    visitor.question.fill("你看到了什么？")
    composing = (
        "box => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    visitor.question.evaluate(composing)
    expect(visitor.question).to_have_value("你看到了什么？")
    expect(visitor.page.locator("#cards > li")).to_have_count(0)
    visitor.question.press("Enter")
    assert SIGN in visitor.answer()


def test_what_the_model_does_not_know_is_said(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    expect(visitor.page.locator("#start .note")).to_contain_text("not the real world")
    visitor.ask("What do you see?")
    visitor.answer()
    expect(visitor.page.locator("#under .note")).to_contain_text("not the real world")


def test_the_theme_is_kept(visitor: Visitor, live_server: LiveServer) -> None:
    visitor.open(live_server.url)
    visitor.page.emulate_media(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = visitor.page.evaluate(ground)
    visitor.page.get_by_role("button", name="Switch between light and dark").click()
    dark = visitor.page.evaluate(ground)
    assert dark != light
    visitor.page.reload()
    assert visitor.page.evaluate(ground) == dark
