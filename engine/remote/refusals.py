"""What a model server refuses becomes an error of this engine, with the remedy. Pure."""

import re
from collections.abc import Mapping
from http import HTTPStatus

from askcam.engine.errors import EngineError, EngineFailure, ModelError, QuestionError, ServerBusy, TooLong
from askcam.engine.remote.deltas import read_object, told
from askcam.engine.remote.place import KEY, SAID

USUAL_RETRY_S = 2.0
MAX_RETRY_S = 300.0
TOO_LONG = re.compile(r"context.?(?:length|size|window)|maximum.{0,20}context|too many tokens", re.IGNORECASE)
NO_ROUTE = re.compile(r"|not found|404 page not found", re.IGNORECASE)  # what says nothing of a model
NO_MODEL = re.compile(r"model.{0,200}(?:not found|not exist|unknown|not.{0,10}loaded)", re.IGNORECASE | re.DOTALL)


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, where: str, model: str, key_name: str = KEY
) -> EngineError:
    """The error for an answer with that status; `headers` by lower-case names, `body` as much of it as was read;
    `key_name`: the variable that its key comes from."""
    why = _why(body)
    said = f": {why}" if why else ""
    phrase = _phrase(status)
    if status in (401, 403):
        return ModelError(f"the model server at {where} wants another key ({phrase}){said}: set {key_name}")
    if status in (429, 503):
        return ServerBusy(where, _retry_s(headers.get("retry-after", "")))
    if status in (400, 404, 413, 422):
        if "model_not_found" in body.decode("utf-8", "replace") or (status == 404 and NO_MODEL.search(why)):
            return ModelError(f"the model server at {where} has no model {model!r}{said}: name one that it has (model)")
        if status == 404 and NO_ROUTE.fullmatch(why):
            return ModelError(
                f"nothing is served at {where} (404): does its address ({SAID}) end with /v1, as most servers' do?"
            )
        if TOO_LONG.search(why):
            return TooLong(f"the model server takes no question as long as this one ({phrase}){said}", "messages")
        return QuestionError(f"the model server refuses the question ({phrase}){said}", "messages")
    if 300 <= status < 400:
        return ModelError(f"the model server at {where} answers {phrase}, which is not followed: name where it leads")
    return EngineFailure(f"the model server at {where} failed ({phrase}){said}")


def _why(body: bytes) -> str:
    try:
        return told(read_object(body))
    except EngineFailure:
        return ""


def _retry_s(value: str) -> float:
    try:
        return min(MAX_RETRY_S, max(1.0, float(value)))
    except ValueError:  # a date, or nothing
        return USUAL_RETRY_S


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
