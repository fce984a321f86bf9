"""`create_watch`, `remove_watch`, `confirm_watch`, `list_watches`: standing questions, made by talking.

What changes something is proposed first, and carried out by a second call, which the model may make only in a later
answer: so somebody has read the proposal and said yes. Both are for those who may watch.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from askcam.features.watches.bodies import setting
from askcam.features.watches.confirm import as_told, asked_for_yes, confirm, found, propose, propose_removal
from askcam.features.watches.proposals import Proposal
from askcam.features.watches.seen import check_cameras, check_whole, watches
from askcam.features.watches.service import Watching
from askcam.server.access.viewer import Role
from askcam.server.errors import Refusal
from askcam.server.tools.base import BUILT_IN, Circumstance, Fault, Signature, ToolError

ASK = "Nothing is done yet. Tell the user what it is and ask for a yes; only then call confirm_watch with this id."
TEXT = {"type": "string", "minLength": 1, "maxLength": 300}
NAME = TEXT | {"description": "The watch's name, as list_watches tells it."}


def _schema(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


class ListWatches:
    """For everybody who may ask."""

    server, available = BUILT_IN, True
    signature = Signature("list_watches", "List what is being watched for, and how each watch stands.", _schema())

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        rows = [
            {"name": info.name, "question": info.question, "now": {now.camera: now.state for now in info.now}}
            for info in watches(self._watching, circumstance.viewer)
        ]
        return json.dumps({"watches": rows}, ensure_ascii=False)


class CreateWatch:
    """Proposes one."""

    server, available = BUILT_IN, True
    signature = Signature(
        "create_watch",
        "Propose to watch a camera from now on and tell the user each time something comes true or ends. For wishes "
        "such as 'tell me when someone puts an apple on the desk'.",
        _schema(
            "question",
            question=TEXT
            | {"description": "A question that yes answers while it is true: 'Is there an apple on the desk?'"},
            camera=TEXT | {"description": "Which camera; this one if left out."},
            every_s={"type": "number", "minimum": 0.2, "maximum": 3600, "description": "Seconds between two looks."},
            for_s={"type": "number", "minimum": 0, "maximum": 86400, "description": "Seconds it must hold to count."},
        ),
    )

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        _check_may_watch(circumstance)
        camera = arguments.get("camera") or circumstance.camera
        if camera is None:
            raise ToolError(Fault.ARGUMENTS, "which camera? this question is about none: name one")
        body = {name: arguments[name] for name in ("every_s", "for_s") if name in arguments}
        body |= {"question": asked_for_yes(arguments["question"]), "cameras": [camera]}
        try:
            check_cameras(self._watching, setting(body), circumstance.viewer)
            await self._watching.learn(setting(body))
            return _proposed(propose(self._watching, None, setting(body), circumstance.answer_id))
        except Refusal as exc:
            raise ToolError(Fault.ARGUMENTS, exc.message) from exc


class RemoveWatch:
    """Proposes that one be removed."""

    server, available = BUILT_IN, True
    signature = Signature("remove_watch", "Propose to stop watching.", _schema("name", name=NAME))

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        _check_may_watch(circumstance)
        try:
            check_whole(self._watching, arguments["name"], circumstance.viewer)
            return _proposed(propose_removal(self._watching, arguments["name"], circumstance.answer_id))
        except Refusal as exc:
            raise ToolError(Fault.ARGUMENTS, exc.message) from exc


class ConfirmWatch:
    """Carries a proposal out, in a later answer than the one that made it."""

    server, available = BUILT_IN, True
    signature = Signature(
        "confirm_watch",
        "Carry out what create_watch or remove_watch has proposed, after the user has said yes to it.",
        _schema("id", id=TEXT | {"description": "The proposal's id."}),
    )

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        _check_may_watch(circumstance)
        try:
            proposal = found(self._watching, arguments["id"].strip(), circumstance.viewer)
            if proposal.answer_id == circumstance.answer_id:
                raise ToolError(Fault.NOT_ALLOWED, f"the user has not said yes to {proposal.id} yet: ask first")
            info = await confirm(self._watching, proposal.id, circumstance.viewer)
        except Refusal as exc:
            raise ToolError(Fault.ARGUMENTS, exc.message) from exc
        if info is None:
            return json.dumps({"removed": proposal.name})
        return json.dumps(
            {"watching": info.name, "question": info.question, "cameras": info.cameras}, ensure_ascii=False
        )


def _proposed(proposal: Proposal) -> str:
    fields = {key: value for key, value in msgspec.to_builtins(as_told(proposal)).items() if value not in (None, [])}
    return json.dumps({"proposal": fields, "next": ASK}, ensure_ascii=False)


def _check_may_watch(circumstance: Circumstance) -> None:
    """Raises ToolError."""
    if not circumstance.viewer.role.may(Role.WATCHER):
        raise ToolError(Fault.NOT_ALLOWED, "only an admin may change what is watched, and this question came from none")
