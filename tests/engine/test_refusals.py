"""What the engine refuses, and what it survives."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from askcam.engine.errors import Busy, EngineFailure, QuestionError, Stale
from askcam.engine.loading import Loaded
from askcam.engine.question import (
    Failed,
    Finished,
    Message,
    Question,
    Role,
    Sampling,
    Started,
    Text,
)
from askcam.stream.errors import CameraUnavailable
from askcam.stream.window import View

Answerer = Callable[[Any, Question], Finished]
ENDLESS = {"temperature": 0, "repetition_penalty": 0.01}  # a model that loves to repeat itself never ends


@contextmanager
def planted(engine: Any, loaded: Loaded, fault: Callable[..., None]) -> Iterator[None]:
    """Meanwhile `fault` is called where the language model would run."""
    if engine.info.backend == "portable":
        hook = loaded.model.model.language_model.register_forward_pre_hook(fault)
        yield
        hook.remove()
        return
    engine._model.language.rows = fault
    yield
    del engine._model.language.rows


def test_more_than_the_queue_holds_is_refused_at_once(
    engine: Any, camera: Any, about: Any, heard: Any, gate: Any
) -> None:
    listeners = [heard() for _ in range(5)]
    held = gate(engine, about("What do you see?", max_tokens=2), listeners[0])
    refused = engine.stats().refused
    for listener in listeners[1:]:
        engine.ask(about("What do you see?", max_tokens=2), listener)
    with pytest.raises(Busy, match="4 questions are waiting already"):
        engine.ask(about("What do you see?"), heard())
    stats = engine.stats()
    assert (stats.waiting, stats.answering, stats.refused) == (4, 1, refused + 1)
    held.open()
    assert all(isinstance(listener.wait()[-1], Finished) for listener in listeners)


def test_old_frames_are_refused_at_the_start(engine: Any, camera: Any, about: Any, heard: Any) -> None:
    camera.age_s = 5.0
    listener = heard()
    question = about("What do you see?")
    engine.ask(Question(question.messages, "lobby", max_age_s=3.0), listener)
    (failed,) = listener.wait()
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Stale)
    assert failed.error.age_s > 5
    assert str(failed.error).startswith("the newest frame of camera 'lobby' is 5")


def test_frames_that_grow_old_before_the_first_token_are_refused_then(
    engine: Any, camera: Any, about: Any, heard: Any
) -> None:
    listener = heard()

    def tell(event: Any) -> None:
        listener(event)
        if isinstance(event, Started):
            while event.view.age_s(time.monotonic()) <= 12.1:
                time.sleep(0.05)  # not a race: the frames must grow old while the engine is at work on them

    camera.age_s = 10.0
    engine.ask(Question(about("What do you see?").messages, "lobby", max_age_s=12.0), tell)
    started, failed = listener.wait()
    assert isinstance(started, Started)
    assert isinstance(failed.error, Stale)


def test_a_camera_that_cannot_be_looked_at_fails_its_question_only(
    engine: Any, camera: Any, about: Any, heard: Any, answer: Answerer
) -> None:
    class Lost:
        name = "garden"

        def look(self) -> View:
            raise CameraUnavailable("garden", "lost", "no frame for 4 s; check its cable")

    engine.attach(Lost())
    listener = heard()
    engine.ask(about("What do you see?", camera="garden"), listener)
    (failed,) = listener.wait()
    assert str(failed.error) == "camera 'garden' is lost: no frame for 4 s; check its cable"
    engine.detach("garden")
    assert answer(engine, about("What do you see?", max_tokens=1)).usage.completion_tokens == 1


def test_removing_a_camera_fails_its_waiting_questions(
    engine: Any, camera: Any, about: Any, heard: Any, gate: Any
) -> None:
    first, second = heard(), heard()
    held = gate(engine, about("What do you see?", max_tokens=3), first)
    engine.ask(about("What do you see?"), second)
    engine.detach("lobby")
    held.open()
    (failed,) = second.wait()
    assert isinstance(failed.error, CameraUnavailable)
    assert failed.error.camera == "lobby"
    assert isinstance(first.wait()[-1], Finished)  # this one had its view already
    with pytest.raises(QuestionError, match="there is no camera 'lobby'") as caught:
        engine.ask(about("What do you see?"), heard())
    assert caught.value.param == "camera"


def test_two_cameras_may_not_have_one_name(engine: Any, camera: Any) -> None:
    with pytest.raises(ValueError, match="'lobby' is attached already"):
        engine.attach(camera)


def test_an_exception_in_the_model_fails_one_question_is_logged_once_and_the_engine_lives_on(
    engine: Any,
    loaded: Loaded,
    camera: Any,
    about: Any,
    heard: Any,
    answer: Answerer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a planted fault")

    listener = heard()
    with planted(engine, loaded, broken), caplog.at_level(logging.ERROR, "askcam.engine"):
        engine.ask(about("What do you see?"), listener)
        failed = listener.wait()[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, EngineFailure)
    assert isinstance(failed.error.__cause__, RuntimeError)
    assert len(caplog.records) == 1
    assert "a planted fault" in caplog.text
    assert answer(engine, about("What do you see?")).text


def test_a_full_gpu_is_said_so(
    engine: Any, loaded: Loaded, camera: Any, about: Any, heard: Any, answer: Answerer
) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory (planted)")

    listener = heard()
    with planted(engine, loaded, full):
        engine.ask(about("What do you see?"), listener)
        failed = listener.wait()[-1]
    assert "memory is full; ask about a shorter window or smaller frames" in str(failed.error)
    assert answer(engine, about("What do you see?", max_tokens=1)).usage.completion_tokens == 1


def test_an_asker_that_raises_harms_nobody(
    engine: Any, camera: Any, about: Any, answer: Answerer, caplog: pytest.LogCaptureFixture
) -> None:
    over = threading.Event()

    def tell(event: Any) -> None:
        if isinstance(event, Finished):
            over.set()
        raise RuntimeError("a planted fault in an asker")

    engine.ask(about("What do you see?", max_tokens=2), tell)
    assert over.wait(60)
    assert answer(engine, about("What do you see?", max_tokens=2)).usage.completion_tokens == 2
    assert "an asker's on_event raised" in caplog.text


def test_a_question_longer_than_the_model_takes_is_refused(engine: Any, about: Any, heard: Any) -> None:
    listener = heard()
    engine.ask(about("what " * 5000, camera=None), listener)
    failed = listener.wait()[-1]
    assert isinstance(failed.error, QuestionError)
    assert "tokens, the model takes 4096: shorten it" in str(failed.error)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (Question(()), "a question needs a user message"),
        (Question((Message(Role.SYSTEM, (Text("Be brief."),)),)), "a question needs a user message"),
        (Question((Message(Role.USER, (Text("?"),)),), sampling=Sampling(max_tokens=0)), "max_tokens is 0"),
        (Question((Message(Role.USER, (Text("?"),)),), camera="attic"), "there is no camera 'attic'"),
    ],
)
def test_impossible_questions_are_refused_at_once(engine: Any, heard: Any, question: Question, message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        engine.ask(question, heard())


def test_an_absurd_picture_has_no_fit(engine: Any) -> None:
    with pytest.raises(QuestionError, match="4000x3 pixels cannot be read"):
        engine.fit(4000, 3)
