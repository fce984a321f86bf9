"""Who is told, who comes and goes while it is told, and what a second leaving does."""

import threading
from collections.abc import Callable

from askcam.stream.listeners import Listeners


def test_each_is_told_as_often_as_it_came_and_until_it_left() -> None:
    heard: list[str] = []
    listeners: Listeners[Callable[[str], None]] = Listeners(threading.Lock())
    leaves = [listeners.add(heard.append) for _ in range(2)]

    def tell(what: str) -> None:
        for listener in listeners:
            listener(what)

    tell("both")
    leaves[0]()
    leaves[0]()
    tell("one")
    leaves[1]()
    tell("none")
    assert heard == ["both", "both", "one"]


def test_one_that_leaves_or_comes_while_they_are_told_disturbs_nobody() -> None:
    heard: list[str] = []
    listeners: Listeners[Callable[[], None]] = Listeners(threading.Lock())

    def leaver() -> None:
        heard.append("leaver")
        leave()
        listeners.add(lambda: heard.append("newcomer"))

    leave = listeners.add(leaver)
    listeners.add(lambda: heard.append("stays"))
    for _ in range(2):
        for listener in listeners:
            listener()
    assert heard == ["leaver", "stays", "stays", "newcomer"]
