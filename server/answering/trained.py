"""What is said instead of an answer where a model was not trained for what is asked (engine/trained.py). Pure.

The one place that reads the statement: questions beyond it and real scenes get a plain sentence, forms without an end
a refusal, and tools' results that it would make something else of are quoted (quoting.py). In the question's language.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from askcam.engine.errors import QuestionError
from askcam.engine.question import JSON_OBJECT, Form, Message, Role
from askcam.engine.schema import check_schema
from askcam.engine.trained import Results, Trained
from askcam.server.answering.bounds import Unbounded, check_bounds
from askcam.server.answering.notes import language
from askcam.server.answering.quoting import MOST_READ, Result, quoted, unanswered, words
from askcam.server.errors import Invalid, Unavailable

BEYOND = {
    "en": {
        "boxes": "This model gives no boxes or coordinates; it can say left, right or center.",
        "json": "This model writes no JSON or tables of its own; give a response_format with bounds instead.",
        "talk": "This model only answers short questions about what the camera shows.",
    },
    "zh": {
        "boxes": "这个模型不能给出边框或坐标，只能说左边、右边或中间。",
        "json": "这个模型不会自行写 JSON 或表格；请改用有边界的 response_format。",
        "talk": "这个模型只回答关于镜头画面的简短问题。",
    },
}
OTHER = {
    "en": "For more, use another model: askcam serve --model {other}",
    "zh": "若需更多功能，请换用其他模型：askcam serve --model {other}",
}
REAL = {
    "en": "This looks like a real scene; the model that runs here knows drawn ones only. "
    "For real scenes: askcam serve --model {other}",
    "zh": "这看起来是真实场景；当前运行的模型只认识绘制的画面。真实场景请使用：askcam serve --model {other}",
}
A_LARGER = "qwen3.5:0.8b"
FORM = {
    "en": "this model fills only forms with an end: {what}; {remedy}. Any form: askcam serve --model {other}",
    "zh": "这个模型只能填写有边界的格式：{what}；{remedy}。任意格式请使用：askcam serve --model {other}",
}
WHAT = {
    "en": {
        "json_object": "json_object may hold anything",
        "anything": "{where} may be anything",
        "string": "the text at {where} has no length up to {max_length}",
        "integer": "the integer at {where} has no range",
        "number": "the number at {where} may have any number of digits",
        "array": "the list at {where} has no length up to {max_items}",
        "object": "the object at {where} may have further properties",
        "recursion": "{where} holds itself",
        "schema": "the schema is too large at {where}",
    },
    "zh": {
        "json_object": "json_object 可以是任何内容",
        "anything": "{where} 可以是任何内容",
        "string": "{where} 处的文本没有不超过 {max_length} 的长度限制",
        "integer": "{where} 处的整数没有范围",
        "number": "{where} 处的数字位数没有限制",
        "array": "{where} 处的列表没有不超过 {max_items} 的长度限制",
        "object": "{where} 处的对象可以有其他属性",
        "recursion": "{where} 包含自身",
        "schema": "架构在 {where} 处过大",
    },
}
REMEDY = {
    "en": {
        "json_schema": "give a json_schema",
        "type": "give it a type, or an enum",
        "maxLength": "give it an enum, or a maxLength of at most {max_length}",
        "range": "give it minimum and maximum, or an enum",
        "integer": "make it an integer with minimum and maximum, or an enum",
        "maxItems": "give it a maxItems of at most {max_items}",
        "additionalProperties": 'add "additionalProperties": false',
        "flat": "write its levels out",
        "less": "make it smaller",
    },
    "zh": {
        "json_schema": "请给出 json_schema",
        "type": "请给出 type 或 enum",
        "maxLength": "请给出 enum，或不超过 {max_length} 的 maxLength",
        "range": "请给出 minimum 和 maximum，或 enum",
        "integer": "请改为带 minimum 和 maximum 的 integer，或 enum",
        "maxItems": "请给出不超过 {max_items} 的 maxItems",
        "additionalProperties": '请加上 "additionalProperties": false',
        "flat": "请逐层写出",
        "less": "请缩小",
    },
}


def asked(messages: Sequence[Message]) -> str:
    """The words of the question: the user's last, or a system's where no user says anything."""
    for role in (Role.USER, Role.SYSTEM):
        for message in reversed(messages):
            if message.role is role and (text := words(message).strip()):
                return text
    return ""


def instead(trained: Trained, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> str | None:
    """What is said instead of asking the model, if anything is: of results that the client's functions brought, and of
    questions that it cannot answer."""
    question = asked(messages)
    if found := unanswered(messages):
        return None if puts_into_words(trained, question, found, tools) else quoted(found, question)
    return None if tools else beyond(trained, question)  # a tool may know it, or must be called


def beyond(trained: Trained, question: str) -> str | None:
    """What is said to a question that the model cannot answer; None: it may be able to."""
    if trained.but is not None and trained.but.search(question):
        return None
    tongue = language(question)
    for kind, pattern in trained.beyond:
        if pattern.search(question):
            said = BEYOND[tongue].get(kind, BEYOND[tongue]["talk"])
            return said + (" " if tongue == "en" else "") + another(trained, tongue)
    return None


def another(trained: Trained, tongue: str) -> str:
    """Which command brings a model for the rest."""
    return OTHER[tongue].format(other=trained.other or A_LARGER)


def real_scene(question: str, other: str) -> str:
    """What is said before a scene that the model does not know."""
    return REAL[language(question)].format(other=other or A_LARGER)


def real_scene_error(question: str, other: str) -> Unavailable:
    """The same where an answer has to have a form: not now, as for a dark picture."""
    return Unavailable(real_scene(question, other), code="real_scene", try_again=False)


def puts_into_words(
    trained: Trained, question: str, found: Sequence[Result], tools: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether the model says rightly what a tool brought: one look-up of one product, that has what is asked for."""
    results = trained.results
    if results is None or len(found) != 1 or found[0].failed or len(found[0].text) > MOST_READ:
        return False
    (result,) = found
    about = " ".join(
        str(tool["function"].get("description", "")) for tool in tools if tool["function"].get("name") == result.tool
    )
    if not results.tools.search(f"{result.tool} {about}"):
        return False
    try:
        brought = json.loads(result.text)
    except (ValueError, RecursionError):
        return False
    if brought in ({"error": "not found"}, {"results": []}, {"found": False}, []):
        return True
    if isinstance(brought, dict) and set(brought) == {"results"}:
        brought = brought["results"]
    if isinstance(brought, list) and len(brought) == 1:
        (brought,) = brought
    return isinstance(brought, dict) and _fits(results, brought, question)


def _fits(results: Results, brought: Mapping[str, Any], question: str) -> bool:
    if not set(brought) <= results.keys:
        return False
    for key, value in brought.items():
        if key in results.counts:
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1_000_000:
                return False
        elif key in results.numbers:
            if not _is_number(value):
                return False
        elif not isinstance(value, str | int) or isinstance(value, bool) or len(str(value)) > 60:
            return False
    for like, needs in results.asked:
        if like.search(question):
            return all(any(name in brought for name in need.split("|")) for need in needs)
    return False


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or len(str(value)) > 12:
        return False
    if isinstance(value, str):
        return value.replace(".", "", 1).isascii() and value.replace(".", "", 1).isdigit()
    return isinstance(value, int | float) and value >= 0


def no_form(said: str) -> Invalid:
    """Where an answer has to have a form, and `said` is all that there is."""
    return Invalid(said, "response_format", "beyond_model")


def check_form(trained: Trained, form: Form | None, question: str) -> None:
    """Raises Invalid for a form in which the model would go on without end."""
    if trained.forms is None or form is None or form.schema is None:
        return
    try:
        if form.schema == JSON_OBJECT.schema:
            raise Unbounded("#", "json_object", "json_schema")
        check_schema(form.schema)  # what is wrong with it at all goes first
        check_bounds(json.loads(form.schema), trained.forms)
    except Unbounded as exc:
        tongue = language(question)
        told = {
            "where": exc.where[:200],
            "max_length": trained.forms.max_length,
            "max_items": trained.forms.max_items,
        }
        what, remedy = WHAT[tongue][exc.what].format(**told), REMEDY[tongue][exc.remedy].format(**told)
        message = FORM[tongue].format(what=what, remedy=remedy, other=trained.other or A_LARGER)
        raise Invalid(message, "response_format", "unbounded_form") from exc
    except (ValueError, RecursionError, TypeError, QuestionError):
        return  # the engine says what is wrong with it


def known_only(trained: Trained | None, question: str) -> bool:
    """Whether the model is to refuse what is no scene of its kind. Where only a yes or a no is wanted it is right."""
    return trained is None or trained.yes_no is None or trained.yes_no.search(question) is None


def calls_before_real(
    trained: Trained | None, question: str, tools: Sequence[Mapping[str, Any]], *, required: bool, known: bool
) -> tuple[bool, str | None]:
    """Before a scene that the model does not know: whether it may still call tools, and the one that it must call.

    What it sees there is a guess, and so is the product that it would look up, unless something was read (`known`):
    then the look-up goes by that. Other tools have nothing to do with what it sees.
    """
    results = None if trained is None else trained.results
    if results is None:
        return bool(tools), None
    about = [(str(tool["function"]["name"]), str(tool["function"].get("description", ""))) for tool in tools]
    products = [name for name, said in about if results.tools.search(f"{name} {said}")]
    if known and products and any(like.search(question) for like, _ in results.asked):
        return True, products[0]
    return required or (bool(tools) and not products), None
