"""How the items of a response's input become messages. Pure."""

from collections.abc import Sequence

from askcam.engine.question import Message, Part, Role
from askcam.server.access.limits import Limits
from askcam.server.attached.budget import Budget
from askcam.server.attached.content import picture_from_url
from askcam.server.errors import Invalid, Refusal
from askcam.server.given_names import quoted
from askcam.server.openai.chat.request import bounded_text
from askcam.server.openai.chat.tools import FunctionCall, ToolCall, earlier
from askcam.server.openai.responses.items import ROLES, SILENT, InputItem, InputPart

MAX_PARTS = 64


def turns(
    before: Sequence[InputItem], items: Sequence[InputItem], limits: Limits, budget: Budget | None = None
) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """The messages of a conversation, and the field that each one's words came in. Raises Refusal naming the item
    among `items` that is at fault, or previous_response_id for one of those `before`, which an earlier request brought.

    Decodes pictures, which cost `budget`: call it off the event loop.
    """
    reader = _Turns(limits, budget or Budget())
    for item in before:
        try:
            reader.take(item, "")
        except Refusal as exc:
            raise exc.saying(f"of an earlier response: {exc.message}", "previous_response_id") from exc
    for i, item in enumerate(items):
        reader.take(item, f"input[{i}]")
    return tuple(reader.messages), tuple(reader.places)


class _Turns:
    """Messages as they grow out of items."""

    def __init__(self, limits: Limits, budget: Budget) -> None:
        self.messages: list[Message] = []
        self.places: list[str] = []  # of each of them
        self._limits, self._budget = limits, budget
        self._called: dict[str, str] = {}  # names of functions, by call

    def take(self, item: InputItem, at: str) -> None:
        match item.type or "message":
            case "message":
                self._add(self._message(item, at), f"{at}.content" if at else "")
            case "function_call":
                self._call(item, at)
            case "function_call_output":
                self._output(item, at)
            case kind if kind in SILENT:
                pass
            case kind:
                raise Invalid(
                    f"items of type {quoted(kind)} are not taken here: send 'message', 'function_call' or "
                    "'function_call_output'",
                    f"{at}.type",
                    "unsupported_item",
                )

    def _add(self, message: Message, place: str) -> None:
        self.messages.append(message)
        self.places.append(place or "previous_response_id")

    def _message(self, item: InputItem, at: str) -> Message:
        role = ROLES.get(item.role or "")
        if role is None:
            raise Invalid(f"role {quoted(item.role)} is not one of {', '.join(ROLES)}", f"{at}.role")
        if item.content is None:
            raise Invalid("the message has no content: send a text, or a list of parts", f"{at}.content")
        return Message(role, self._parts(item.content, role, f"{at}.content"))

    def _call(self, item: InputItem, at: str) -> None:
        """Calls that follow an assistant's words, or each other, are of one turn."""
        for name in ("call_id", "name", "arguments"):
            if getattr(item, name) is None:
                raise Invalid(
                    f"the function_call has no {name}: send it as it came", f"{at}.{name}", "missing_required_parameter"
                )
        bounded_text(item.arguments or "", f"{at}.arguments", self._limits)
        self._called[item.call_id or ""] = item.name or ""
        call = earlier(ToolCall(FunctionCall(item.name or "", item.arguments or ""), item.call_id))
        if self.messages and self.messages[-1].role is Role.ASSISTANT:
            last = self.messages[-1]
            self.messages[-1] = Message(Role.ASSISTANT, last.parts, (*last.tool_calls, call))
        else:
            self._add(Message(Role.ASSISTANT, (), (call,)), at)

    def _output(self, item: InputItem, at: str) -> None:
        if item.call_id not in self._called:
            raise Invalid(
                f"call_id={quoted(item.call_id)} answers no function_call before it: send that one too, or "
                "previous_response_id",
                f"{at}.call_id",
            )
        if item.output is None:
            raise Invalid("the function_call_output has no output", f"{at}.output", "missing_required_parameter")
        parts = self._parts(item.output, Role.TOOL, f"{at}.output")
        message = Message(Role.TOOL, parts, tool=self._called[item.call_id or ""])
        self._add(message, f"{at}.output" if at else "")

    def _parts(self, content: str | list[InputPart], role: Role, at: str) -> tuple[Part, ...]:
        if isinstance(content, str):
            return (bounded_text(content, at, self._limits),)
        if len(content) > MAX_PARTS:
            raise Invalid(f"{at} has {len(content)} parts; at most {MAX_PARTS} are read", at)
        return tuple(self._part(part, role, f"{at}[{j}]") for j, part in enumerate(content))

    def _part(self, part: InputPart, role: Role, at: str) -> Part:
        match part.type, role:
            case "refusal", Role.ASSISTANT:
                return bounded_text(part.refusal or part.text or "", f"{at}.refusal", self._limits)
            case (("input_text" | "text"), _) | ("output_text", Role.ASSISTANT):
                if part.text is None:
                    raise Invalid(f"the {part.type} has no text", f"{at}.text", "missing_required_parameter")
                return bounded_text(part.text, f"{at}.text", self._limits)
            case "input_image", Role.USER:
                if part.image_url is None:
                    raise Invalid(
                        "the input_image has no image_url: files are not kept here, send a data URL",
                        f"{at}.image_url",
                        "missing_required_parameter",
                    )
                return picture_from_url(part.image_url, f"{at}.image_url", self._budget)
            case _:
                raise Invalid(
                    f"a part of type {quoted(part.type)} does not go into what the {role.value} said: send input_text, "
                    "output_text (assistant) or input_image (user)",
                    f"{at}.type",
                    "unsupported_content",
                )
