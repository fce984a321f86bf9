"""What is pressed is not taken away under the finger, though its list is drawn anew meanwhile."""

import pytest
from playwright.sync_api import Page
from support.servers.askcam_server import LiveServer
from support.web.visitor import Visitor

DRAWN = """async () => {
  const { whenLetGo } = await import("./web/dom.js");
  const root = document.createElement("div");
  root.style.cssText = "position: fixed; inset: 0; z-index: 999; background: white";
  document.body.append(root);
  window.clicked = [];
  window.draw = whenLetGo(root, (state) => {
    const button = document.createElement("button");
    button.style.cssText = "position: absolute; left: 20px; top: 20px; width: 100px; height: 40px";
    button.textContent = state;
    button.onclick = () => window.clicked.push(state);
    root.replaceChildren(button);
  });
  window.shown = () => root.textContent;
  window.draw("one");
}"""


@pytest.fixture
def page(visitor: Visitor, live_server: LiveServer) -> Page:
    visitor.open(live_server.url)
    visitor.page.evaluate(DRAWN)
    return visitor.page


def test_a_click_is_of_what_was_pressed_and_what_came_meanwhile_is_drawn_after_it(page: Page) -> None:
    page.mouse.move(60, 40)
    page.mouse.down()
    for state in ("two", "three"):
        page.evaluate("state => draw(state)", state)
        assert page.evaluate("shown()") == "one"
    page.mouse.up()
    page.wait_for_function("shown() === 'three'")
    assert page.evaluate("clicked") == ["one"]
    page.mouse.click(60, 40)
    assert page.evaluate("clicked") == ["one", "three"]


@pytest.mark.parametrize("how", ["elsewhere", "cancelled", "the window loses the focus"])
def test_a_press_that_is_no_click_ends_too(page: Page, how: str) -> None:
    page.mouse.move(60, 40)
    page.mouse.down()
    page.evaluate("draw('two')")
    if how == "elsewhere":
        page.mouse.move(400, 300)
        page.mouse.up()
    else:
        page.evaluate(
            "kind => window.dispatchEvent(new Event(kind))", "pointercancel" if how == "cancelled" else "blur"
        )
    page.wait_for_function("shown() === 'two'")
    page.evaluate("draw('three')")
    assert page.evaluate("shown()") == "three"
    assert page.evaluate("clicked") == []


def test_without_a_press_it_is_drawn_at_once(page: Page) -> None:
    page.evaluate("draw('two')")
    assert page.evaluate("shown()") == "two"


def test_views_that_come_and_go_leave_nothing_with_the_window(page: Page) -> None:
    added = page.evaluate("""async () => {
      const { whenLetGo } = await import("./web/dom.js");
      const add = window.addEventListener;
      let added = 0;
      window.addEventListener = (...given) => { added += 1; add.apply(window, given); };
      for (let number = 0; number < 50; number += 1) whenLetGo(document.createElement("div"), () => {});
      window.addEventListener = add;
      return added;
    }""")
    assert added == 0
