"""A third language is a set of files: the program and the pages speak it, and say in English what it lacks."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.program import askcam
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.third_language import askcam_with
from support.web.axe import assert_accessible
from support.web.visitor import visit

WORDS = {
    "app": {"help.ask": "Demandi funkciantan servilon.", "frame.options": "Opcioj"},
    "app/commands": {"look.missing": "mankas {uri}"},
    "server/terminal": {"help.url": "Kie la servilo estas."},
    "server/language": {"file.missing": "tia dosiero ne estas"},
    "features/summary": {"help.summarize": "Longa filmo per malmultaj vortoj."},
    "client/web": {
        "language.name": "Esperanto",
        "ask.ask": "Demandi",
        "page.question": "Via demando",
        "language.choose": "Lingvo",
        "unit.s": "{nombro} sekundoj",  # a name that English does not fill in
        "state.live": "",  # not translated yet
    },
    "client/web/wall": {"wall.happened": "Kio okazis"},
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return askcam_with("eo", WORDS, tmp_path_factory.mktemp("third"))


@pytest.fixture(scope="module")
def server(environment: Mapping[str, str]) -> Iterator[LiveServer]:
    with start_server(cameras=["lobby=synthetic:7"], env=environment) as started:
        yield started


def test_the_program_speaks_it(environment: Mapping[str, str]) -> None:
    told = askcam("--lang", "eo", "--help", env={**environment, "COLUMNS": "200"}).stdout
    assert "Demandi funkciantan servilon." in told
    assert "Longa filmo per malmultaj vortoj." in told
    assert "Opcioj" in told
    assert "Open cameras, load a model" in told
    assert re.search(r"--lang +en\|eo\|zh +.*en or eo or zh", told)
    refused = askcam("look", "nope.jpg", "?", env={**environment, "LC_ALL": "eo.UTF-8"})
    assert (refused.returncode, refused.stderr.strip()) == (2, "askcam: mankas nope.jpg")


def test_a_browser_that_prefers_it_gets_it_and_english_where_it_lacks_words(
    browser: Browser, shots: Path, server: LiveServer
) -> None:
    with visit(browser, shots, locale="eo") as visitor:
        page = visitor.page
        visitor.open(server.url)
        expect(page.locator("html")).to_have_attribute("lang", "eo")
        expect(page.locator("#send")).to_have_text("Demandi")
        expect(page.get_by_role("img", name="Live picture of lobby")).to_be_visible()
        page.get_by_role("textbox", name="Via demando").fill("What does the sign say?")
        page.keyboard.press("Enter")
        visitor.answer()
        expect(visitor.last.locator(".facts")).to_contain_text(re.compile(r"[\d.]+\ss"))
        assert_accessible(page)
        visitor.snap("eo-answered")
        page.goto(f"{server.url}/wall")
        expect(page.locator("#tabs")).to_have_attribute("aria-label", "Kio okazis")


def test_of_three_languages_one_is_chosen_from_a_list(browser: Browser, shots: Path, server: LiveServer) -> None:
    with visit(browser, shots, locale="de-DE") as visitor:
        page = visitor.page
        visitor.open(server.url)
        choice = page.get_by_role("combobox", name="Language")
        expect(choice.locator("option")).to_have_text(["English", "Esperanto", "中文"])
        choice.focus()
        choice.select_option("Esperanto")
        expect(page.locator("#send")).to_have_text("Demandi")
        expect(page.get_by_role("combobox", name="Lingvo")).to_be_focused()
        page.reload()
        expect(page.locator("#send")).to_have_text("Demandi")
        page.get_by_role("combobox", name="Lingvo").select_option("中文")
        expect(page.locator("#send")).to_have_text("提问")
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_the_page_stays_as_it_is_when_the_words_do_not_come(browser: Browser, shots: Path, server: LiveServer) -> None:
    with visit(browser, shots) as visitor:
        page = visitor.page
        visitor.open(server.url)
        page.route("**/words?*", lambda route: route.abort())
        with page.expect_event("requestfailed"):
            page.get_by_role("combobox", name="Language").select_option("中文")
        expect(page.get_by_role("combobox", name="Language")).to_have_value("en")
        expect(page.locator("#send")).to_have_text("Ask")
