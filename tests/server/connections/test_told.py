"""What strangers cause is one line per kind and minute."""

import logging

import pytest

from askcam.server.connections.told import EVERY_S, MAX_KINDS, Quiet, Told


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_kind_is_said_once_a_minute_and_then_how_often_it_was(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    told = Told(clock)
    for _ in range(1000):
        told.once("head", "a head was slow")
    told.once("body", "a body was slow")
    clock.now += EVERY_S
    told.once("head", "a head was slow")
    assert [record.getMessage() for record in caplog.records] == [
        "a head was slow",
        "a body was slow",
        "a head was slow (999 more like it since this was last said)",
    ]
    assert told.counts == {"head": 1001, "body": 1}


def test_kinds_that_strangers_make_up_are_bounded() -> None:
    told = Told(Clock())
    for index in range(10 * MAX_KINDS):
        told.due(f"kind {index}")
    assert len(told.counts) <= MAX_KINDS + 1


@pytest.fixture
def logger() -> logging.Logger:
    made = logging.Logger("uvicorn.error")
    made.addFilter(Quiet(Told(Clock())))
    return made


@pytest.mark.parametrize(
    "message",
    [
        "Invalid HTTP request received.",
        "opening handshake failed",
        "Fatal error: protocol.data_received() call failed.",
    ],
)
def test_what_a_stranger_can_bring_about_has_no_traceback(logger: logging.Logger, message: str) -> None:
    seen: list[logging.LogRecord] = []
    logger.addHandler(handler := logging.Handler())
    handler.emit = seen.append  # type: ignore[method-assign]
    for _ in range(50):
        try:
            raise ValueError("nonsense")
        except ValueError:
            logger.exception(message)
    (record,) = seen
    assert record.exc_info is None
    assert record.getMessage() == f"{message}: nonsense"


def test_a_fault_of_ours_keeps_its_traceback_once_a_minute_and_place(logger: logging.Logger) -> None:
    seen: list[logging.LogRecord] = []
    logger.addHandler(handler := logging.Handler())
    handler.emit = seen.append  # type: ignore[method-assign]
    for error in (KeyError("a"), KeyError("b"), TypeError("c")):
        try:
            raise error
        except (KeyError, TypeError):
            logger.exception("Exception in ASGI application\n")
    assert [record.exc_info is not None for record in seen] == [True, True]
