"""One question over a model server, from the camera's frames to its last event, whatever goes wrong on the way."""

import json
import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.servers.running import RunningModelServer
from support.waiting import until

from askcam.engine.calls import CallParser, call_schema
from askcam.engine.errors import (
    Busy,
    EngineFailure,
    ModelUnreachable,
    QuestionError,
    Stale,
    TooLong,
    TooSlow,
)
from askcam.engine.interface import Engine
from askcam.engine.question import (
    Clip,
    Event,
    Failed,
    Finished,
    First,
    Form,
    Message,
    Picture,
    Piece,
    Question,
    Reason,
    Role,
    Sampling,
    Started,
    Text,
)
from askcam.engine.remote import asking
from askcam.engine.remote import engine as engine_module
from askcam.stream.errors import CameraUnavailable

Opened = Callable[..., Engine]
Asked = Callable[..., Question]
Events = Callable[[Engine, Question], list[Event]]
Camera = Callable[..., Any]
LONG = "tell me at length"


def failure(told: list[Event]) -> Exception:
    last = told[-1]
    assert isinstance(last, Failed), last
    return last.error


@pytest.mark.parametrize("server", ["vllm", "ollama", "transformers"])
@pytest.mark.parametrize("colour", ["red", "green", "blue"])
def test_the_newest_frame_is_what_is_answered_about(
    server: str,
    colour: str,
    request: pytest.FixtureRequest,
    opened: Opened,
    asked: Asked,
    events: Events,
    colour_camera: Camera,
) -> None:
    engine = opened(request.getfixturevalue(server))
    camera = colour_camera(engine, colour)
    engine.attach(camera)
    started, first, *pieces, finished = events(engine, asked())
    kind = "frames" if server == "vllm" else "pictures"
    assert isinstance(finished, Finished)
    assert finished.text == f"6 {kind}, the newest is {colour}"
    assert finished.reason is Reason.STOP
    assert isinstance(started, Started)
    assert started.view is not None
    assert len(started.view.frames) == 6
    assert isinstance(first, First)
    assert first.frame_age_s is not None
    assert first.frame_age_s < 30
    assert "".join(one.text for one in pieces if isinstance(one, Piece)) == finished.text
    each = started.view.newest.width * started.view.newest.height // 28**2
    assert finished.usage.vision_tokens == (3 if server == "vllm" else 6) * each
    assert finished.usage.prompt_tokens > finished.usage.vision_tokens
    assert finished.usage.completion_tokens == 6


def test_frames_of_another_camera_of_the_same_name_are_not_answered_from(
    vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events, colour_camera: Camera
) -> None:
    """Versions and numbers of frames begin anew; pictures are known by themselves."""
    engine = opened(vllm)
    for colour in ("red", "blue", "green"):
        engine.attach(colour_camera(engine, colour))
        last = events(engine, asked())[-1]
        engine.detach("lobby")
        assert isinstance(last, Finished)
        assert last.text.endswith(colour)


def test_pictures_and_clips_in_the_conversation_are_seen(
    vllm: RunningModelServer, opened: Opened, events: Events
) -> None:
    engine = opened(vllm)
    green, red = (np.full((300, 400, 3), colour, np.uint8) for colour in ((0, 200, 0), (200, 0, 0)))
    parts: dict[str, Any] = {
        "1 pictures, the newest is green": Picture(green),
        "3 frames, the newest is red": Clip((green, green, red), 2.0),
        "8 frames, the newest is red": Clip((*[green] * 40, red), 2.0),  # as many as a window has, its last among them
    }
    for text, part in parts.items():
        last = events(engine, Question((Message(Role.USER, (part, Text("what?"))),)))[-1]
        assert isinstance(last, Finished)
        assert last.text == text
    broken = Question((Message(Role.USER, (Clip((), 2.0), Text("what?"))),))
    assert isinstance(failure(events(engine, broken)), QuestionError)


def test_silence_before_the_first_word_ends_in_time(
    vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(vllm)
    monkeypatch.setattr(engine._transport, "first_s", 1.5)
    vllm.goes_wrong("slow_first")
    error = failure(events(engine, asked(camera=None)))
    assert isinstance(error, EngineFailure)
    assert "first_s" in str(error)


def test_silence_between_two_words_ends_in_time(
    vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "BETWEEN_S", 0.5)
    engine = opened(vllm)
    vllm.goes_wrong("falls_silent")
    told = events(engine, asked(camera=None))
    assert "said nothing for 0.5 s" in str(failure(told))
    assert any(isinstance(event, Piece) for event in told)


def test_a_server_that_vanishes_is_said_and_found_again(
    opened: Opened, asked: Asked, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "AGAIN_S", 0.1)
    with RunningModelServer("vllm") as server:
        engine = opened(server)
        assert isinstance(events(engine, asked(camera=None))[-1], Finished)
        server.kill()
        error = failure(events(engine, asked(camera=None)))
        assert isinstance(error, EngineFailure)
        until(lambda: engine.trouble() is not None, "the trouble to be told")
        assert isinstance(failure(events(engine, asked(camera=None))), ModelUnreachable)
        server.start()
        until(lambda: engine.trouble() is None, "the server to be found again")
        assert isinstance(events(engine, asked(camera=None))[-1], Finished)


def test_a_frame_that_is_too_old_is_never_sent(
    vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events, colour_camera: Camera
) -> None:
    engine = opened(vllm)
    engine.attach(colour_camera(engine, age_s=5.0))
    vllm.goes_wrong()
    error = failure(events(engine, asked(max_age_s=2.0)))
    assert isinstance(error, Stale)
    assert vllm.seen()["requests"] == []


def test_the_stream_is_closed_once_the_frames_are_too_old_for_a_first_word(
    vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events, colour_camera: Camera
) -> None:
    engine = opened(vllm)
    engine.attach(colour_camera(engine))
    vllm.goes_wrong("slow_first")
    told = events(engine, asked(max_age_s=1.0))
    assert isinstance(failure(told), TooSlow)
    assert not any(isinstance(event, First) for event in told)


def test_frames_are_taken_when_the_question_is_taken_up(
    vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events, colour_camera: Camera
) -> None:
    engine = opened(vllm, max_answering=1)
    camera = colour_camera(engine)
    engine.attach(camera)
    first: queue.SimpleQueue[Event] = queue.SimpleQueue()
    ticket = engine.ask(asked(LONG, sampling=Sampling(max_tokens=400)), first.put)
    while not isinstance(first.get(timeout=60), Piece):
        pass
    looks = camera.looks
    second: queue.SimpleQueue[Event] = queue.SimpleQueue()
    engine.ask(asked(), second.put)
    assert camera.looks == looks  # it waits
    camera.colour = "blue"
    engine.cancel(ticket)
    while not isinstance(event := second.get(timeout=60), Finished | Failed):
        pass
    assert isinstance(event, Finished)
    assert event.text.endswith("blue")


def test_cancelling_closes_the_stream_which_ends_the_servers_work(
    vllm: RunningModelServer, opened: Opened, asked: Asked
) -> None:
    engine = opened(vllm)
    vllm.goes_wrong()
    told: queue.SimpleQueue[Event] = queue.SimpleQueue()
    ticket = engine.ask(asked(LONG, camera=None, sampling=Sampling(max_tokens=400)), told.put)
    said = ""
    while len(said) < 30:
        event = told.get(timeout=60)
        said += event.text if isinstance(event, Piece) else ""
    engine.cancel(ticket)
    while not isinstance(event := told.get(timeout=60), Finished | Failed):
        said += event.text if isinstance(event, Piece) else ""
    assert isinstance(event, Finished)
    assert (event.reason, event.text) == (Reason.CANCELLED, said)
    until(lambda: vllm.seen()["unheard"] == 1, "the server to notice")
    assert vllm.seen()["finished"] == 0
    assert engine.stats().cancelled == 1


def test_whoever_is_taken_up_and_cancelled_at_once_hears_one_last_event(
    vllm: RunningModelServer, opened: Opened, asked: Asked
) -> None:
    engine = opened(vllm, max_answering=2)
    told: list[list[Event]] = [[] for _ in range(24)]
    tickets = [engine.ask(asked(camera=None), one.append) for one in told]
    for ticket in tickets:
        engine.cancel(ticket)
    until(lambda: all(one and isinstance(one[-1], Finished) for one in told), "all to be over")
    assert all(sum(isinstance(event, Finished | Failed) for event in one) == 1 for one in told)
    assert engine.stats().answering == 0


def test_closing_ends_every_question_and_the_thread(vllm: RunningModelServer, opened: Opened, asked: Asked) -> None:
    engine = opened(vllm, max_answering=3)
    told: list[list[Event]] = [[] for _ in range(6)]
    for one in told:
        engine.ask(asked(LONG, camera=None, sampling=Sampling(max_tokens=400)), one.append)
    until(lambda: engine.stats().answering == 3, "three to be answered")
    engine.close()
    assert all(isinstance(one[-1], Finished) and one[-1].reason is Reason.CANCELLED for one in told)
    until(lambda: not any(thread.name == "askcam-engine" for thread in threading.enumerate()), "the thread to end")
    with pytest.raises(EngineFailure, match="closed"):
        engine.ask(asked(camera=None), lambda event: None)


def test_no_more_are_answered_at_once_than_allowed_and_askers_take_turns(
    vllm: RunningModelServer, opened: Opened, asked: Asked
) -> None:
    engine = opened(vllm, max_answering=2, max_waiting=8)
    began: list[str] = []
    over: list[str] = []

    def hear(asker: str) -> Callable[[Event], None]:
        def on_event(event: Event) -> None:
            if isinstance(event, Started):
                began.append(asker)
                assert len(began) - len(over) <= 2
            elif isinstance(event, Finished | Failed):
                over.append(asker)

        return on_event

    for asker in ("greedy",) * 5 + ("modest",):
        engine.ask(asked(camera=None, asker=asker), hear(asker))
    until(lambda: len(over) == 6, "all to be over")
    assert began.index("modest") <= 3
    assert engine.stats().answered == 6


def test_one_question_too_many_is_refused(vllm: RunningModelServer, opened: Opened, asked: Asked) -> None:
    engine = opened(vllm, max_answering=1, max_waiting=2)
    ask = asked(LONG, camera=None, sampling=Sampling(max_tokens=400))
    engine.ask(ask, lambda event: None)
    until(lambda: engine.stats().answering == 1, "the first to be taken up")
    for _ in range(2):
        engine.ask(ask, lambda event: None)
    with pytest.raises(Busy):
        engine.ask(ask, lambda event: None)
    assert engine.stats().refused == 1


def test_a_camera_that_is_removed_fails_what_waits_for_it(
    vllm: RunningModelServer, opened: Opened, asked: Asked, colour_camera: Camera
) -> None:
    engine = opened(vllm, max_answering=1)
    engine.attach(colour_camera(engine))
    engine.ask(asked(LONG, camera=None, sampling=Sampling(max_tokens=400)), lambda event: None)
    until(lambda: engine.stats().answering == 1, "the first to be taken up")
    told: list[Event] = []
    engine.ask(asked(), told.append)
    engine.detach("lobby")
    until(lambda: bool(told), "it to be told")
    assert isinstance(failure(told), CameraUnavailable)
    with pytest.raises(QuestionError, match="no camera"):
        engine.ask(asked(), told.append)


def test_a_stop_string_ends_the_answer_and_the_stream(
    vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events
) -> None:
    engine = opened(vllm)
    last = events(engine, asked(LONG, camera=None, sampling=Sampling(max_tokens=400, stop=("word7 ",))))[-1]
    assert isinstance(last, Finished)
    assert last.reason is Reason.STOP
    assert last.text.endswith("word6 ")


def test_as_many_tokens_as_are_wanted(vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events) -> None:
    last = events(opened(vllm), asked(camera=None, sampling=Sampling(max_tokens=3)))[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.text) == (Reason.LENGTH, "0 frames, the ".replace("frames", "pictures"))


def test_logprobs_come_beside_their_words(
    vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events
) -> None:
    told = events(opened(vllm), asked(camera=None, sampling=Sampling(max_tokens=64, logprobs=2)))
    pieces = [event for event in told if isinstance(event, Piece)]
    assert [one.logprobs[0].text for one in pieces] == [one.text for one in pieces]
    assert all(len(one.logprobs[0].top) == 2 for one in pieces)


TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def test_calls_become_what_the_call_reader_takes(
    vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events
) -> None:
    engine = opened(vllm)
    vllm.goes_wrong()
    form = Form(None, call_schema([TOOL]), words=True)
    sampling = Sampling(max_tokens=64, response_format=form)
    last = events(engine, asked("please call", camera=None, tools=(TOOL,), sampling=sampling))[-1]
    assert isinstance(last, Finished)
    parser = CallParser([TOOL])
    (call,) = [*parser.feed(last.text), *parser.finish()]
    assert not isinstance(call, str)
    assert (call.name, dict(call.values())) == ("weather", {"city": "<Berlin>"})
    (sent,) = vllm.seen()["requests"]
    assert sent["tools"] == [TOOL]
    assert sent["tool_choice"] == "auto"
    assert "response_format" not in sent


def test_a_server_without_a_parser_reads_of_tools_in_the_conversation(
    transformers: RunningModelServer, opened: Opened, asked: Asked, events: Events
) -> None:
    engine = opened(transformers)
    transformers.goes_wrong()
    events(engine, asked(camera=None, tools=(TOOL,)))
    (sent,) = transformers.seen()["requests"]
    assert "tools" not in sent
    assert "weather" in json.dumps(sent["messages"][0])
    assert sent["messages"][0]["role"] == "system"


def test_a_form_is_the_servers_to_keep(vllm: RunningModelServer, opened: Opened, asked: Asked, events: Events) -> None:
    engine = opened(vllm)
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    last = events(
        engine, asked(camera=None, sampling=Sampling(max_tokens=64, response_format=Form(json.dumps(schema))))
    )[-1]
    assert isinstance(last, Finished)
    assert json.loads(last.text) == {"n": 3}
    wrong = Form(json.dumps({"type": "object", "not": {}}))
    with pytest.raises(QuestionError, match="'not'"):
        engine.prepare(wrong)


def test_what_a_dialect_leaves_out_is_refused_before_anything_is_sent(
    ollama: RunningModelServer, opened: Opened, asked: Asked
) -> None:
    engine = opened(ollama)
    ollama.goes_wrong()
    with pytest.raises(QuestionError, match="top_k"):
        engine.ask(asked(camera=None, sampling=Sampling(top_k=5)), lambda event: None)
    assert ollama.seen()["requests"] == []


def test_words_that_cannot_fit_are_refused_before_they_wait(
    vllm: RunningModelServer, opened: Opened, asked: Asked
) -> None:
    engine = opened(vllm)
    engine.measure(asked("x" * 4000, camera=None))
    with pytest.raises(TooLong, match="4096"):
        engine.measure(asked("x" * 4097, camera=None))
