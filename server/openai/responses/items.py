"""The items of a response's input: turns, calls and what they brought. Pure."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from askcam.engine.question import Role
from askcam.server.wire.bodies import bounds

# Items that say nothing to a model that does not think; OpenAI's own come back with the next question.
SILENT = frozenset({"reasoning", "compaction", "compaction_trigger"})
ROLES = {"system": Role.SYSTEM, "developer": Role.SYSTEM, "user": Role.USER, "assistant": Role.ASSISTANT}


class InputPart(msgspec.Struct):
    """`input_text` and `output_text` have a text, `input_image` has an image_url, `refusal` a refusal."""

    type: Annotated[str, bounds(enum=["input_text", "input_image", "output_text", "refusal"])]
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None  # a data URL, or an address where [fetch] allows it
    detail: str | None = None


class InputItem(msgspec.Struct):
    """A `message` (its type may be left out), a `function_call` of an earlier turn, a `function_call_output`, or an
    `item_reference` to an item of a response that is kept. What a model has thought (`reasoning`) is passed over."""

    type: Annotated[
        str | None,
        bounds(enum=["message", "function_call", "function_call_output", "item_reference", "reasoning", None]),
    ] = None
    role: Annotated[str | None, bounds(enum=[*ROLES, None])] = None
    content: str | list[InputPart] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | list[InputPart] | None = None
    id: str | None = None
    status: str | None = None

    @property
    def texts(self) -> Iterator[str | None]:
        """All words of it that the model reads."""
        yield from (self.name, self.arguments)
        for content in (self.content, self.output):
            yield from [content] if isinstance(content, str) else [part.text for part in content or ()]

    @property
    def num_parts(self) -> int:
        return sum(1 if isinstance(each, str) else len(each or ()) for each in (self.content, self.output))

    @property
    def num_bytes(self) -> int:
        """What it costs to keep, roughly."""
        texts = [self.arguments or "", self.name or ""]
        for content in (self.content, self.output):
            if isinstance(content, str):
                texts.append(content)
            else:
                texts += [(part.text or "") + (part.refusal or "") + (part.image_url or "") for part in content or ()]
        return 300 + sum(map(len, texts))


def shows(items: Iterable[InputItem]) -> bool:
    """Whether there are pictures to decode."""
    parts = (part for item in items for part in (item.content if isinstance(item.content, list) else ()))
    return any(part.type == "input_image" for part in parts)


def said(text: str, item_id: str | None = None) -> InputItem:
    """The assistant's words, as the next question has them before it."""
    return InputItem("message", "assistant", [InputPart("output_text", text)], id=item_id)
