"""From the body of POST /v1/responses, as any client writes it, to the request that this server knows. Pure."""

from collections.abc import Mapping
from typing import Any

from askcam.server.errors import Invalid
from askcam.server.openai.chat.reading import check_tools
from askcam.server.openai.fates import drop_off, sort_out, whole, without_nulls
from askcam.server.openai.responses.body import ResponseRequest
from askcam.server.openai.responses.fields import INTEGERS, RESPONSES
from askcam.server.openai.responses.items import SILENT
from askcam.server.openai.thinking import read_template
from askcam.server.wire.bodies import convert, plain

# Names of engine and chat for what a request of this API calls otherwise.
NAMES: Mapping[str, str] = {
    "response_format": "text.format",
    "max_tokens": "max_output_tokens",
    "messages": "input",
    "logprobs": "include",
}


def read_body(data: bytes) -> ResponseRequest:
    """The request in a body. Raises Invalid naming the field at fault. CPU work, by the body's length."""
    values = plain(data)
    if not isinstance(values, dict):
        return convert(values, ResponseRequest)  # which says what it is not
    try:
        values = sort_out(without_nulls(values), RESPONSES)
    except RecursionError as exc:
        raise Invalid("the body is nested too deeply: send a plainer one", None, "invalid_json") from exc
    whole(values, INTEGERS)
    drop_off(values)
    read_template(values)
    if values.get("top_logprobs") == 0 and values["top_logprobs"] is not False:
        del values["top_logprobs"]
    if values.get("tool_choice") in ("any", ""):
        values["tool_choice"] = "required" if values["tool_choice"] else "auto"
    if values.get("previous_response_id") == "":
        del values["previous_response_id"]
    check_tools(values)
    if isinstance(values.get("input"), dict):
        values["input"] = [values["input"]]
    if isinstance(values.get("input"), list):
        values["input"] = [_item(item) for item in values["input"]]
    return convert(values, ResponseRequest)


def _item(item: Any) -> Any:
    """An item of the input; a bare text in the list is the user's."""
    if isinstance(item, str):
        return {"role": "user", "content": item}
    if isinstance(item, dict) and isinstance(item.get("content"), dict):
        return {**item, "content": [item["content"]]}
    if isinstance(item, dict) and item.get("type") in SILENT:
        return {"type": item["type"]}
    return item
