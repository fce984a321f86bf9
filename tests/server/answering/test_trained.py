"""What the built-in model was not trained for is said in plain words, or quoted, and never made up."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from support.asking_way import Way, asked
from support.products import product
from support.shop import FOUND, PRICE, Shop

from askcam.demo.builtin import model_path
from askcam.engine.card import read_card
from askcam.engine.question import JSON_OBJECT, Form, Message, Picture, Role, Sampling, Text
from askcam.engine.trained import Trained, read_trained
from askcam.server.answering.quoting import MOST, Result, quoted, unanswered
from askcam.server.answering.trained import asked as question_of
from askcam.server.answering.trained import beyond, check_form, puts_into_words
from askcam.server.errors import Refusal
from askcam.server.steps import Ask, Done, TextDelta, ToolChoice
from askcam.server.tools.base import Fault, Signature, ToolError
from askcam.server.wire.refusals import on_wire


def trained() -> Trained:
    found = read_card(model_path()).trained
    assert found is not None
    return found


def tool(name: str, about: str = "") -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "description": about, "parameters": {"type": "object"}}}


def banana() -> Picture:
    return Picture(product("banana"))


@dataclass
class Teller(Shop):
    """A tool that is no shop."""

    about: str = "Get the weather for a city."

    @property
    def signature(self) -> Signature:
        return Signature(self.name, self.about, super().signature.parameters)


OTHERS = [
    ("get_weather", "22 degrees, sunny", "get_weather says: 22 degrees, sunny"),
    ("get_weather", '{"temperature": 22, "sky": "sunny"}', "get_weather says: temperature: 22, sky: sunny"),
    ("get_time", '"14:05"', "get_time says: 14:05"),
    ("stock_quote", '{"stock": "ACME", "price": 190.30}', "stock_quote says: stock: ACME, price: 190.30"),
    ("order_status", '{"id": 7, "state": "shipped", "days": 2}', "order_status says: id: 7, state: shipped, days: 2"),
    ("list_doors", '["front", "back"]', "list_doors says: front, back"),
    ("sensors", '{"a": {"t": 1.50}, "ok": true, "x": null}', "sensors says: a: (t: 1.50), ok: yes, x: nothing"),
    ("get_weather", '{"error": "not found"}', "get_weather says: error: not found"),
    ("get_weather", "", "get_weather says nothing."),
    ("get_weather", "line one\n\n  line two\t", "get_weather says: line one line two"),
    ("get_weather", "{broken", "get_weather says: {broken"),
]


@pytest.mark.parametrize(("name", "output", "said"), OTHERS)
async def test_what_other_tools_bring_is_quoted(way: Way, name: str, output: str, said: str) -> None:
    way.tools.add(Teller(says=output, name=name))
    steps = await way.steps(asked(banana(), "What do you see?", choice=ToolChoice("required")))
    done = steps[-1]
    assert isinstance(done, Done)
    assert done.text == said
    assert "".join(step.text for step in steps if isinstance(step, TextDelta)) == said
    assert [called.name for called in done.saw.tools] == [name]


@pytest.mark.parametrize(("name", "output", "said"), OTHERS)
async def test_what_the_client_s_functions_bring_is_quoted(way: Way, name: str, output: str, said: str) -> None:
    call = {"type": "function", "function": {"name": name, "arguments": {}}}
    turns = (
        Message(Role.USER, (banana(), Text("What do you see?"))),
        Message(Role.ASSISTANT, (), (call,)),
        Message(Role.TOOL, (Text(output),), tool=name),
    )
    done = await way.ask(Ask(turns, tools=(tool(name),)))
    assert done.text == said
    assert done.calls == ()


async def test_quotes_are_in_the_question_s_language_and_tell_failures(way: Way) -> None:
    way.tools.add(Teller(ToolError(Fault.TIMEOUT, "get_weather did not answer within 10 s"), name="get_weather"))
    done = await way.ask(asked(banana(), "这个多少钱？", choice=ToolChoice("required")))
    assert done.text == "get_weather 失败：get_weather did not answer within 10 s"


async def test_a_shop_that_fails_is_not_a_product_that_is_not_there(way: Way) -> None:
    way.tools.add(Shop(ToolError(Fault.TIMEOUT, "lookup_product did not answer within 10 s")))
    done = await way.ask(asked(banana(), PRICE, choice=ToolChoice("required")))
    assert done.text == "lookup_product failed: lookup_product did not answer within 10 s"


def test_several_results_are_quoted_in_their_order_and_all_is_bounded() -> None:
    found = [Result("a", "x" * 10_000), Result("b" * 500, "1\x00\u202e2"), *(Result("c", "3") for _ in range(40))]
    lines = quoted(found, "and?").split("\n")
    assert lines[0] == "a says: " + "x" * (MOST - 1) + "…"
    assert lines[1].startswith("b" * 63 + "… says: 12")
    assert lines[-1] == "26 more results are left out."
    assert len("\n".join(lines)) < 20 * MOST
    assert quoted([Result("", '{"a": 1}')], "怎么样？") == "工具 返回：a：1"
    deep = "[" * 50_000 + "]" * 50_000
    assert len(quoted([Result("d", deep)], "?")) < 2 * MOST


def test_results_have_their_calls_names_even_out_of_order() -> None:
    calls = tuple({"type": "function", "function": {"name": name, "arguments": {}}} for name in ("one", "two"))
    turns = (
        Message(Role.USER, (Text("?"),)),
        Message(Role.ASSISTANT, (), calls),
        Message(Role.TOOL, (Text("2"),), tool="two"),
        Message(Role.TOOL, (Text("1"),)),
        Message(Role.SYSTEM, (Text("be brief"),)),
    )
    assert unanswered(turns) == (Result("two", "2"), Result("two", "1"))
    assert unanswered((*turns[:4], Message(Role.USER, (Text("and?"),)))) == ()


LOOKUP = tool("lookup_product", "Look up a product's price, stock and delivery time.")


@pytest.mark.parametrize(
    ("question", "brought", "fits"),
    [
        (PRICE, FOUND, True),
        ("这个多少钱？", FOUND, True),
        ("Is it in stock?", FOUND, True),
        (PRICE, [FOUND], True),
        (PRICE, {"results": [FOUND]}, True),
        (PRICE, {"error": "not found"}, True),
        (PRICE, {"results": [FOUND, FOUND]}, False),
        (PRICE, {"error": "closed"}, False),
        (PRICE, {"name": "banana", "stock": 3}, False),  # it would name a price
        ("Is it in stock?", {"name": "banana", "price": 2, "currency": "EUR"}, False),
        (PRICE, FOUND | {"sky": "sunny"}, False),
        (PRICE, FOUND | {"stock": "ACME"}, False),
        (PRICE, FOUND | {"price": "on request"}, False),
        (PRICE, FOUND | {"stock": True}, False),
        ("What do you see?", FOUND, False),
        (PRICE, "2.49", False),
        (PRICE, None, False),
    ],
)
def test_only_what_a_look_up_of_one_product_brings_is_put_into_words(question: str, brought: Any, fits: bool) -> None:
    found = [Result("lookup_product", json.dumps(brought))]
    assert puts_into_words(trained(), question, found, [LOOKUP]) is fits
    assert not puts_into_words(trained(), question, [Result("get_weather", found[0].text)], [tool("get_weather")])
    assert not puts_into_words(trained(), question, found * 2, [LOOKUP])


BEYOND = {
    "boxes": [
        "Where is it? Give coordinates.", "Detect all objects and return boxes as [x1,y1,x2,y2]", "bbox of the car",
        "Give me the bounding box of the object", "Segment the image", "给出坐标框", "框出所有物体",
    ],
    "json": ["Return JSON with fields name and color", "describe it as YAML", "用JSON输出颜色", "list it in a table"],
    "talk": [
        'Translate "good morning" to French', "Write a poem about the sea", "Tell me a joke", "写一首诗", "讲个笑话",
        "Write a Python function that adds two numbers", "What is 17 times 23?", "Who wrote Hamlet?",
        "把你好翻译成英文",
        "Explain quantum mechanics", "Say hello in Spanish", "What's the weather in Paris?", "今天天气怎么样",
        "What is the capital of France?", "Can you help me?", "Write me an email", "写一段代码",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "question"), [(kind, each) for kind, every in BEYOND.items() for each in every])
def test_questions_beyond_it_are_refused_in_their_language(kind: str, question: str) -> None:
    said = beyond(trained(), question) or ""
    assert "askcam serve --model qwen3.5:0.8b" in said, kind
    assert ("模型" in said) is any(char >= "\u4e00" for char in question)


@pytest.mark.parametrize(
    "question",
    [
        "What do you see?", "Describe the scene.", "Where is the gift box?", "Is there a juice box?",
        "How many are there?",
        "What color is the book?", "What does the sign say?", "Who is this?", "What is it?", "Is anything moving?",
        "List the objects as JSON.", "用JSON列出物体。", "How much is this?", "What happened?", "你看到了什么？",
        "有几个物体？", "多久能送到？", "Is there a cardboard box? Answer yes or no.", "What is in the box?",
        "objects as json", "Count the objects.", "What is on the left?", "Tell me what you see.", "Hello!",
    ],
)  # fmt: skip
def test_questions_that_it_was_trained_on_are_asked(question: str) -> None:
    assert beyond(trained(), question) is None


async def test_a_question_beyond_it_is_not_put_to_the_model(way: Way) -> None:
    before = way.model.engine.stats().asked
    done = await way.ask(asked(banana(), "Write a poem about it, please."))
    assert done.text.startswith("This model only answers short questions")
    assert way.model.engine.stats().asked == before
    assert done.saw.answer_id


async def test_a_tool_may_know_what_the_model_does_not(way: Way) -> None:
    way.tools.add(Teller(says="22 degrees, sunny", name="get_weather"))
    done = await way.ask(asked(banana(), "What's the weather in Paris?"))
    assert done.text in (  # whether it calls is the model's; what it would say itself is not told
        "get_weather says: 22 degrees, sunny",
        beyond(trained(), "What's the weather in Paris?"),
    )


def form(schema: dict[str, Any]) -> Form:
    return Form(json.dumps(schema))


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


BOUNDED = [
    {"enum": ["red", "blue"]},
    {"const": 1},
    {"type": "boolean"},
    {"type": "integer", "minimum": 0, "maximum": 9},
    {"type": "string", "maxLength": 12},
    {"type": "string", "pattern": "^[A-Z]{3}[0-9]{1,4}$"},
    {"type": ["string", "null"], "maxLength": 8},
    {"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 12}]},
    {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 3},
    {"type": "array", "prefixItems": [{"type": "boolean"}], "items": False},
    {"$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}},
    {"allOf": [{"type": "string"}, {"maxLength": 4}]},
]
UNBOUNDED = [
    ({"type": "string"}, "maxLength"),
    ({"type": "string", "maxLength": 5000}, "64"),
    ({"type": "string", "pattern": "^a+$"}, "maxLength"),
    ({"type": "string", "pattern": "[a-z]"}, "maxLength"),
    ({"type": "string", "format": "email"}, "maxLength"),
    ({"type": "integer"}, "minimum and maximum"),
    ({"type": "integer", "minimum": 0}, "minimum and maximum"),
    ({"type": "number", "minimum": 0, "maximum": 1}, "integer"),
    ({"type": "array", "items": {"type": "boolean"}}, "maxItems"),
    ({"type": "array", "items": {"type": "string"}, "maxItems": 2}, "maxLength"),
    ({"type": "object", "title": "x"}, "additionalProperties"),
    ({"type": "object", "properties": {"a": {"type": "boolean"}}}, "additionalProperties"),
    (thing(a={"type": "string"}), "#/properties/a"),
    ({}, "type"),
    (thing(a=True), "type"),
    ({"anyOf": [{"type": "boolean"}, {"type": "string"}]}, "#/anyOf/1"),
    ({"$ref": "#/$defs/n", "$defs": {"n": thing(next={"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]})}}, "itself"),
    ({"type": ["string", "integer"], "maxLength": 3}, "minimum"),
]  # fmt: skip


@pytest.mark.parametrize("schema", [*BOUNDED, *(thing(a=one) for one in BOUNDED if "$ref" not in one)])
def test_forms_with_an_end_are_filled(schema: dict[str, Any]) -> None:
    check_form(trained(), form(schema), "What do you see?")


@pytest.mark.parametrize(("schema", "remedy"), UNBOUNDED)
def test_forms_without_an_end_are_refused_with_the_remedy(schema: dict[str, Any], remedy: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_form(trained(), form(schema), "What do you see?")
    assert (on_wire(caught.value).status, caught.value.param, caught.value.code) == (
        400,
        "response_format",
        "unbounded_form",
    )
    assert remedy in caught.value.message
    assert "--model qwen3.5:0.8b" in caught.value.message
    with pytest.raises(Refusal, match="这个模型"):
        check_form(trained(), form(schema), "你看到了什么？")


async def test_any_json_object_is_refused_before_it_is_asked(way: Way) -> None:
    with pytest.raises(Refusal, match="json_object"):
        await way.ask(asked(banana(), "What is this?", sampling=Sampling(response_format=JSON_OBJECT)))


async def test_a_form_is_not_filled_from_what_other_tools_bring(way: Way) -> None:
    way.tools.add(Teller(says="22 degrees", name="get_weather"))
    sampling = Sampling(
        max_tokens=60, temperature=0, response_format=form({"type": "integer", "minimum": 0, "maximum": 9})
    )
    with pytest.raises(Refusal, match="get_weather says: 22 degrees") as caught:
        await way.ask(asked(banana(), "What is this?", sampling=sampling, choice=ToolChoice("required")))
    assert caught.value.code == "beyond_model"


def test_a_model_without_such_a_statement_is_not_limited() -> None:
    assert read_trained(None) is None
    free = Trained()
    assert beyond(free, "Write a poem") is None
    check_form(free, JSON_OBJECT, "What?")


@pytest.mark.parametrize(
    "wrong", [{"forms": {"max_items": 3}}, {"talk": {"beyond": {"x": "("}}}, {"results": {"tools": "x"}}, {"forms": 3}]
)
def test_a_statement_that_cannot_be_read_is_told(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        read_trained(wrong)


def test_the_question_is_what_the_user_said_last() -> None:
    turns = (
        Message(Role.USER, (Text("one"),)),
        Message(Role.ASSISTANT, (Text("two"),)),
        Message(Role.TOOL, (Text("3"),)),
    )
    assert question_of(turns) == "one"
    assert question_of((Message(Role.SYSTEM, (Text("look"),)),)) == "look"
