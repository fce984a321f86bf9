"""The dialog of a watch: opened from any page, it makes, changes and removes watches, and says where what is wrong."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, expect
from support.servers.askcam_server import LiveServer
from support.servers.askcam_server import live_server as start_server
from support.waiting import until
from support.web.axe import assert_accessible
from support.web.visitor import Visitor

CONFIG = """
[server]
token = "viewers-token"
admin_token = "admins-token"

[cameras.lobby]
uri = "synthetic:7"

[cameras.yard]
uri = "synthetic:3"

[watching]
folder = "kept"

[watches.listed]
question = "Is anything moving? Answer yes or no."
cameras = ["lobby"]
every_s = 0.5
"""
OPEN = """async wanted => { const { openWatchDialog } = await import('/web/watch/dialog.js');
    window.outcome = undefined; openWatchDialog(wanted).then(found => { window.outcome = found; }); }"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    config = tmp_path_factory.mktemp("dialog") / "askcam.toml"
    config.write_text(CONFIG)
    with start_server("--config", str(config)) as server:
        yield server


def log_in(visitor: Visitor, server: LiveServer, role: str = "admins") -> None:
    visitor.page.goto(server.url + "/wall")
    visitor.page.locator("#token").fill(f"{role}-token")
    visitor.page.get_by_role("button", name="Continue").click()
    expect(visitor.page.locator("#login")).to_be_hidden()


def open_dialog(visitor: Visitor, **wanted: object) -> Locator:
    visitor.page.evaluate(OPEN, wanted)
    dialog = visitor.page.locator(".watch-dialog")
    expect(dialog.locator(".watch-form, .field-wrong").first).to_be_visible()
    return dialog


def watches(server: LiveServer) -> dict[str, dict[str, object]]:
    reply = httpx.get(f"{server.url}/v1/watches", headers={"Authorization": "Bearer admins-token"}, timeout=60)
    return {each["name"]: each for each in reply.json()["data"]}


def test_a_question_becomes_a_watch_is_changed_and_removed(visitor: Visitor, guarded: LiveServer) -> None:
    log_in(visitor, guarded)
    dialog = open_dialog(visitor, question="Is there a red box?", camera="yard")
    expect(dialog.get_by_label("Question")).to_have_value("Is there a red box? Answer yes or no.")
    expect(dialog.get_by_label("Name")).to_have_value("red-box")
    expect(dialog.get_by_label("yard")).to_be_checked()
    expect(dialog.get_by_label("lobby")).not_to_be_checked()
    dialog.get_by_label("lobby").check()
    dialog.get_by_label("Critical").check()
    dialog.get_by_label("Asked every").fill("0.5")
    dialog.get_by_label("On from").fill("0.9")
    dialog.get_by_text("Quiet hours and more").click()
    dialog.get_by_label("Quiet hours", exact=True).fill("22:00-06:30, 12:00-13:00")
    visitor.snap("watch-new")
    assert_accessible(visitor.page)
    dialog.get_by_role("button", name="Watch", exact=True).click()
    expect(dialog).to_be_hidden()
    made = watches(guarded)["red-box"]
    assert (made["cameras"], made["severity"], made["every_s"], made["on"]) == (["lobby", "yard"], "critical", 0.5, 0.9)
    assert made["quiet"] == ["22:00-06:30", "12:00-13:00"]
    assert visitor.page.evaluate("outcome.saved.name") == "red-box"

    def readings() -> int:
        url = f"{guarded.url}/v1/watches/red-box/readings?camera=yard"
        return len(
            httpx.get(url, headers={"Authorization": "Bearer admins-token"}, timeout=60).json()["data"][0]["readings"]
        )

    until(lambda: readings() > 3, "a line of readings", 60)
    visitor.page.evaluate("async () => { window.watch = (await (await fetch('v1/watches/red-box')).json()); }")
    watch = visitor.page.evaluate("watch")
    dialog = open_dialog(visitor, watch=watch)
    expect(dialog.locator(".thresholds-plot canvas")).to_be_visible()
    dialog.get_by_label("Off from").fill("0.95")  # it pushes the other one along
    expect(dialog.get_by_label("On from")).to_have_value("0.96")
    visitor.snap("watch-change")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    changed = watches(guarded)["red-box"]
    assert (changed["on"], changed["off"], changed["question"]) == (0.96, 0.95, made["question"])
    dialog = open_dialog(visitor, watch=watch)
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog).to_contain_text("Its events stay")
    dialog.get_by_role("button", name="Keep").click()
    dialog.get_by_role("button", name="Remove").click()
    dialog.locator(".sure").get_by_role("button", name="Remove").click()
    expect(dialog).to_be_hidden()
    assert "red-box" not in watches(guarded)
    assert visitor.page.evaluate("outcome.removed") == "red-box"


def test_what_the_server_refuses_is_said_at_its_field(visitor: Visitor, guarded: LiveServer) -> None:
    log_in(visitor, guarded)
    dialog = open_dialog(visitor, question="Is it open?", camera="lobby")
    make = dialog.get_by_role("button", name="Watch", exact=True)
    for label, wrong, words, right in (
        ("Name", "Not A Name", "cannot be a watch's name", "door"),
        ("Asked every", "0.01", "every_s is 0.01; it must be 0.2 to 3600 seconds", "2"),
        ("Question", " ", "question has 0 characters", "Is it open? Answer yes or no."),
        ("Name", "listed", "there is a watch 'listed' already", "door"),
    ):
        dialog.get_by_label(label, exact=True).fill(wrong)
        make.click()
        field = dialog.locator(".field", has=visitor.page.get_by_label(label, exact=True))
        expect(field.locator(".field-wrong")).to_contain_text(words)
        expect(dialog.locator(".field-wrong:visible")).to_have_count(1)
        dialog.get_by_label(label, exact=True).fill(right)
    dialog.get_by_label("lobby").uncheck()
    make.click()
    expect(dialog.locator(".field-wrong:visible")).to_contain_text("cameras must name 1 to 64")
    visitor.snap("watch-refused")
    dialog.get_by_label("lobby").check()
    dialog.get_by_label("One of several words").check()
    dialog.get_by_label("Words", exact=True).fill("incomprehensibilities, red")
    dialog.get_by_label("red", exact=True).check()
    make.click()
    expect(dialog.locator(".field-wrong:visible")).to_contain_text("incomprehensibilities")
    visitor.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert visitor.page.evaluate("outcome") is None
    assert set(watches(guarded)) == {"listed"}


def test_a_viewer_is_told_that_admins_make_watches(visitor: Visitor, guarded: LiveServer) -> None:
    log_in(visitor, guarded, "viewers")
    dialog = open_dialog(visitor, question="Is it open?")
    expect(dialog).to_contain_text("logged in as a viewer")
    expect(dialog.get_by_role("button", name="Watch", exact=True)).to_be_disabled()
    expect(dialog.get_by_label("Question")).to_be_disabled()
    visitor.snap("watch-viewer")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()


def test_a_watch_of_the_file_is_changed_there(visitor: Visitor, guarded: LiveServer) -> None:
    log_in(visitor, guarded)
    watch = visitor.page.evaluate("async () => (await (await fetch('v1/watches/listed')).json())")
    dialog = open_dialog(visitor, watch=watch)
    expect(dialog).to_contain_text("stands in askcam.toml")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    expect(dialog.get_by_role("button", name="Remove")).to_have_count(0)


def test_a_calibration_is_shown_and_its_thresholds_are_taken_over(visitor: Visitor, guarded: LiveServer) -> None:
    """Its report is made elsewhere: here is one as the wire has it."""
    report = {
        "watch": "made", "camera": "lobby", "source": "lobby.mp4", "made_at": "2026-01-15T10:00:00Z", "samples": 400,
        "positives": 120, "ece": 0.042, "auc": 0.981, "proposed": {"on": 0.62, "off": 0.31},
        "roc": [[0, 0, 1], [0.02, 0.8, 0.7], [0.1, 0.95, 0.5], [1, 1, 0]], "bins": [],
    }  # fmt: skip
    log_in(visitor, guarded)
    body = {"name": "made", "question": "Is it open? Answer yes or no.", "cameras": ["lobby"]}
    headers = {"Authorization": "Bearer admins-token"}
    assert httpx.post(f"{guarded.url}/v1/watches", json=body, headers=headers, timeout=60).status_code == 201
    visitor.page.route("**/v1/watches/made/calibration", lambda route: route.fulfill(json=report))
    watch = visitor.page.evaluate("async () => (await (await fetch('v1/watches/made')).json())")
    dialog = open_dialog(visitor, watch=watch)
    expect(dialog.locator(".roc canvas")).to_be_visible()
    expect(dialog.locator(".calibration")).to_contain_text("0.981")
    dialog.get_by_role("button", name="Use the proposed thresholds").click()
    expect(dialog.get_by_label("On from")).to_have_value("0.62")
    visitor.snap("watch-calibrated")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    assert (watches(guarded)["made"]["on"], watches(guarded)["made"]["off"]) == (0.62, 0.31)
    httpx.delete(f"{guarded.url}/v1/watches/made", headers=headers, timeout=60)


def test_no_dialog_without_a_server_that_answers(visitor: Visitor, guarded: LiveServer, tmp_path: Path) -> None:
    log_in(visitor, guarded)
    visitor.page.route("**/v1/watches", lambda route: route.abort())
    dialog = visitor.page.locator(".watch-dialog")
    visitor.page.evaluate(OPEN, {})
    expect(dialog).to_contain_text("The server refuses")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
