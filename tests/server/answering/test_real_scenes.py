"""A real scene before a model of drawn ones is said to be one, and nothing is made up about it."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from support.asking_way import Way, asked
from support.products import product
from support.pushed_camera import pushed, until
from support.shop import PRICE, Shop

from askcam.client.protocol import Fact
from askcam.engine.question import Clip, Form, Picture, Sampling
from askcam.server.asking import Asking
from askcam.server.camera_use import CameraUse
from askcam.server.errors import Refusal
from askcam.server.metrics import Metrics
from askcam.server.steps import Done, SeenStep, TextDelta, ToolChoice
from askcam.server.wire.refusals import on_wire
from askcam.stream.frame import Pixels

FOOTAGE = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")  # Debian's opencv-doc


@pytest.fixture(scope="module")
def street() -> Pixels:
    """A frame of real footage: people on a street."""
    if not FOOTAGE.exists():
        pytest.skip(f"{FOOTAGE} is not here: install opencv-doc")
    with av.open(str(FOOTAGE)) as film:
        return np.asarray(next(film.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


async def test_about_a_real_picture_nothing_is_guessed(way: Way, street: Pixels) -> None:
    steps = await way.steps(asked(Picture(street), "What do you see?"))
    done = steps[-1]
    assert isinstance(done, Done)
    assert done.text.startswith("This looks like a real scene")
    assert "askcam serve --model qwen3.5:0.8b" in done.text
    assert [type(step) for step in steps[1:-1]] == [SeenStep, TextDelta]
    done = await way.ask(asked(Clip((street, street), 2.0), "你看到了什么？"))
    assert done.text.startswith("这看起来是真实场景")


async def test_before_a_real_camera_the_answer_says_what_was_seen(way: Way, street: Pixels) -> None:
    async with pushed(way, street) as (name, show):
        await until(lambda: way.cameras.get(name).window(), "a window")
        done = await way.ask(asked("What is this?", camera=name))
        assert done.text.startswith("This looks like a real scene")
        assert done.saw.window is not None
        assert done.saw.frame_age_ms is not None
        show(product("banana"))


async def test_yes_or_no_is_answered_there(way: Way, street: Pixels) -> None:
    done = await way.ask(asked(Picture(street), "Is there a banana? Answer yes or no."))
    assert done.text == "No."
    done = await way.ask(asked(Picture(street), "有香蕉吗？只回答有或没有。"))
    assert done.text == "没有。"


async def test_whoever_wants_a_guess_may_have_one(way: Way, street: Pixels) -> None:
    done = await way.ask(asked(Picture(street), "What do you see?", unwell="answer"))
    assert "real scene" not in done.text


async def test_a_form_is_not_filled_with_guesses(way: Way, street: Pixels) -> None:
    form = Form(json.dumps({"enum": ["red", "blue"]}))
    sampling = Sampling(max_tokens=9, temperature=0, response_format=form)
    with pytest.raises(Refusal) as caught:
        await way.ask(asked(Picture(street), "What color is it?", sampling=sampling))
    assert (on_wire(caught.value).status, caught.value.code) == (503, "real_scene")


async def test_no_product_is_looked_up_by_a_guess(way: Way, street: Pixels) -> None:
    shop = Shop()
    way.tools.add(shop)
    done = await way.ask(asked(Picture(street), PRICE))
    assert done.text.startswith("This looks like a real scene")
    assert shop.calls == []


async def test_what_must_be_called_is_called_and_quoted(way: Way, street: Pixels) -> None:
    way.tools.add(Shop())
    done = await way.ask(asked(Picture(street), PRICE, choice=ToolChoice("required")))
    assert done.text.startswith("lookup_product says: name: banana, price: 2.49, currency: EUR")


class Desk:
    """A product desk that has read something."""

    def facts(self, camera: str) -> tuple[Fact, ...]:
        return (Fact("read", "EAN-13 4006381333931", {"code": "4006381333931"}),)


async def test_a_desk_answers_from_what_it_read(way: Way, street: Pixels) -> None:
    shop = Shop()
    way.tools.add(shop)
    asking = Asking(way.cameras.models, way.cameras, way.answers, Metrics(way.cameras.all), way.tools, way.limits)
    asking.consult(Desk())
    async with pushed(way, street) as (name, _):
        way.cameras._uses[name] = CameraUse(tools=("shop.*",))
        await until(lambda: way.cameras.get(name).window(), "a window")
        for question in (PRICE, "这个多少钱？"):
            (*_, done) = [step async for step in asking.ask(asked(question, camera=name))]
            assert isinstance(done, Done)
            assert "2.49" in done.text
            assert ("lookup_product says" in done.text) is (question == PRICE)
        (*_, done) = [step async for step in asking.ask(asked("What do you see?", camera=name))]
        assert isinstance(done, Done)
        assert done.text.startswith("This looks like a real scene")
