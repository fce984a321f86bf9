"""The page over a line that breaks in the middle of an answer: nobody notices."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from support.servers.askcam_server import LiveServer
from support.servers.breaking import Breaking
from support.web.visitor import Visitor

CUTS = 5
# Cuts the line at the first word of each answer, however short it is.
AT_FIRST_WORDS = """() => {
  const begun = new Set();
  window.cutting = new MutationObserver((changes) => {
    for (const { target, oldValue } of changes) {
      if ([oldValue, target.dataset.phase].includes("answering") && !begun.has(target)) {
        begun.add(target);
        cut();
      }
    }
  });
  const how = { subtree: true, attributeFilter: ["data-phase"], attributeOldValue: true };
  cutting.observe(document.getElementById("cards"), how);
}"""


class Line:
    """A proxy on a thread of its own, since Playwright's blocking API holds this one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, proxy: Breaking) -> None:
        self.url = proxy.url
        self._loop, self._proxy = loop, proxy
        self.num_cuts = 0

    def cut(self) -> None:
        """Break all connections, now."""
        self.num_cuts += 1

        async def now() -> None:
            self._proxy.cut()

        asyncio.run_coroutine_threadsafe(now(), self._loop).result(60)


@contextmanager
def breaking(server: LiveServer) -> Iterator[Line]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    proxy = Breaking(int(server.url.rpartition(":")[2]))
    asyncio.run_coroutine_threadsafe(proxy.__aenter__(), loop).result(60)
    try:
        yield Line(loop, proxy)
    finally:
        asyncio.run_coroutine_threadsafe(proxy.__aexit__(None, None, None), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


def sessions(visitor: Visitor) -> int:
    """How many were begun, and not gone on with."""
    return sum("/v1/realtime?" in url and "session=" not in url for url in visitor.urls)


def test_answers_go_on_when_the_line_breaks(visitor: Visitor, live_server: LiveServer) -> None:
    with breaking(live_server) as line:
        visitor.open(line.url)
        visitor.see_live("lobby")
        visitor.ask("What do you see?")
        assert visitor.answer().startswith("I see ")
        begun = sessions(visitor)
        visitor.page.expose_function("cut", line.cut)
        visitor.page.evaluate(AT_FIRST_WORDS)
        for number in range(CUTS):
            visitor.ask("What do you see?")
            text = visitor.answer()  # whole, not broken off
            assert text.startswith("I see ")
            assert text.endswith(".")
            assert text.count("I see ") == 1
            assert line.num_cuts == number + 1
        visitor.page.evaluate("() => cutting.disconnect()")
        assert sum("session=sess_" in url for url in visitor.urls) >= CUTS
        for _ in range(CUTS):  # asked while there is no line
            line.cut()
            visitor.ask("What do you see?")
            assert visitor.answer().startswith("I see ")
        assert sessions(visitor) == begun, "each time it came back to the same session, however often that was"
        visitor.page.close()
