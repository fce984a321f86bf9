"""What POST /v1/responses takes, and how it becomes a question. Pure.

What becomes of other fields stands in fields.py; reading.py makes this of what clients write.
"""

from collections.abc import Sequence
from typing import Literal

from askcam.engine.question import JSON_OBJECT, Form, Message, Role, Sampling
from askcam.server.access.limits import Limits
from askcam.server.access.sizes import Size
from askcam.server.answering.asked import says, shortened
from askcam.server.attached.budget import Budget
from askcam.server.errors import Invalid
from askcam.server.openai.bounds import (
    check_chance,
    check_choosing,
    check_top_logprobs,
    form_of,
    max_tokens,
    min_tokens,
    stops,
)
from askcam.server.openai.chat.body import ObjectFormat
from askcam.server.openai.chat.request import bounded_text
from askcam.server.openai.chat.tools import ChosenFunction, ChosenTool, Function, FunctionTool, choice, only, signatures
from askcam.server.openai.models import MODEL
from askcam.server.openai.question import question
from askcam.server.openai.responses.body import (
    LOGPROBS,
    AllowedPlainTools,
    ChosenPlainTool,
    PlainFunctionTool,
    ResponseRequest,
    SchemaTextFormat,
)
from askcam.server.openai.responses.items import InputItem
from askcam.server.openai.responses.turns import turns
from askcam.server.openai.thinking import thinks
from askcam.server.openai.wishes import with_wishes
from askcam.server.steps import Ask, ToolChoice

MAX_ITEMS = 256
# How clients that have nothing but instructions send the input that must not be missing: then these are what is asked.
NO_INPUT = InputItem(role="user", content="")


def read(
    body: ResponseRequest,
    before: Sequence[InputItem],
    added: Sequence[InputItem],
    limits: Limits,
    prompt_chars: int,
    budget: Budget | None = None,
) -> Ask:
    """The question that `body` asks with the items that it has `added` to those `before`. `prompt_chars`: so long may
    what is asked be where truncation is "auto". Raises Refusal naming the field at fault.

    Decodes pictures, which cost `budget`: call it off the event loop.
    """
    _check(body)
    if not added:
        raise Invalid("'input' is empty: send a text, or at least one item", "input")
    cut = body.truncation == "auto"
    if len(before) + len(added) > MAX_ITEMS:
        if not cut or len(added) > MAX_ITEMS:
            raise Invalid(f"the conversation has more than {MAX_ITEMS} items: begin a new one", "input")
        before = _newest(before, MAX_ITEMS - len(added))
    said = (body.instructions or "") if says(body.instructions or "") else ""
    if said and not before and isinstance(body.input, list) and list(added) == [NO_INPUT]:
        added, said = (InputItem(role="user", content=said),), ""
    size = Size(limits.max_question_chars, "input")
    size.texts([body.instructions])
    for item in (*before, *added):
        size.parts(item.num_parts)
        size.texts(item.texts)
    messages, places = turns(before, added, limits, budget)

    def named(at: int | None) -> str:
        return "input" if at is None or isinstance(body.input, str) else places[at]

    messages = question(messages, named)
    if cut:
        messages = shortened(messages, prompt_chars)
    if said:
        messages = (Message(Role.SYSTEM, (bounded_text(said, "instructions", limits),)), *messages)
    ask = Ask(
        messages=messages,
        said_in="input",
        camera=None if body.model == MODEL else body.model,
        sampling=_sampling(body, limits),
        tools=signatures([_tool(tool) for tool in body.tools or ()], "tools[{i}].name"),
        choice=_choice(body.tool_choice),
        parallel=body.parallel_tool_calls is not False,
        thinking=thinks((body.reasoning and body.reasoning.effort) or body.reasoning_effort, body.enable_thinking),
    )
    ask = with_wishes(ask, body.askcam)
    if isinstance(body.tool_choice, AllowedPlainTools):
        ask = only(ask, [tool.name for tool in body.tool_choice.tools], "tool_choice.tools")
    return ask


def _newest(before: Sequence[InputItem], number: int) -> Sequence[InputItem]:
    """The newest items, so that no output is left without its call."""
    kept = list(before[len(before) - number :])
    while kept and kept[0].type in ("function_call", "function_call_output"):
        kept.pop(0)
    return kept


def _check(body: ResponseRequest) -> None:
    pairs = body.metadata or {}
    if len(pairs) > 16 or any(len(key) > 64 or len(value) > 512 for key, value in pairs.items()):
        raise Invalid("metadata takes up to 16 strings of 512 characters, named by 64", "metadata")


def _sampling(body: ResponseRequest, limits: Limits) -> Sampling:
    check_chance(body.temperature, body.top_p)
    top = body.top_logprobs
    if top is not None:
        check_top_logprobs(top)
    if top and not body.with_logprobs:
        raise Invalid(f"top_logprobs={top} needs {LOGPROBS!r} in 'include'", "top_logprobs")
    most = max_tokens(body.max_output_tokens, "max_output_tokens", limits)
    check_choosing(body.top_k, body.repetition_penalty)
    return Sampling(
        max_tokens=most,
        min_tokens=min_tokens(body.min_tokens, most),
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        repetition_penalty=body.repetition_penalty,
        seed=None if body.seed is None else body.seed % 2**63,
        stop=stops(body.stop),
        response_format=_form(body),
        logprobs=(top or 0) if body.with_logprobs else None,
    )


def _form(body: ResponseRequest) -> Form | None:
    """What the answer has to look like; the engine checks the schema."""
    match body.text and body.text.format:
        case SchemaTextFormat(schema=schema):
            return form_of(schema)
        case ObjectFormat():
            return JSON_OBJECT
        case _:
            return None


def _tool(tool: PlainFunctionTool) -> FunctionTool:
    return FunctionTool(Function(tool.name, tool.description, tool.parameters, tool.strict))


def _choice(wanted: Literal["auto", "none", "required"] | ChosenPlainTool | AllowedPlainTools | None) -> ToolChoice:
    match wanted:
        case AllowedPlainTools(mode=mode):
            return ToolChoice(mode)
        case ChosenPlainTool(name=name):
            return choice(ChosenTool(ChosenFunction(name)))
        case _:
            return choice(wanted)
