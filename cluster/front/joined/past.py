"""What a shard that is given a camera is told of its past: so that an alarm which is on is not told again, and is told
to be over at all."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from askcam.cluster.members import Owner, WatchWish
from askcam.cluster.messages import LastEvent, LastEvents
from askcam.cluster.store import StoredEvent, TableStore

MOST = 200  # events of one camera
MAX_TEXT = 2000  # characters of a question or an answer


def with_past(options: str, watches: Sequence[WatchWish], store: TableStore, owner: Owner, room: int) -> msgspec.Raw:
    """`options`: what is said of the camera, JSON; `watches`: those of it that were made at the front. `room`: bytes
    that it may have; where they are too few, nothing is said of its past. Raises what the store does."""
    told: dict[str, Any] = msgspec.json.decode(options or "{}")
    begun = {watch.name: watch.begun for watch in watches}
    told["watches"] = {watch.name: msgspec.Raw(watch.setting.encode()) for watch in watches} | told.get("watches", {})
    last = [
        event
        for event in store.last_of_each(owner.camera)
        if event.epoch > begun.get(event.watch or "", 0)  # else it was told of another watch of that name
    ][-MOST:]
    yours = store.is_still(owner.camera, owner.shard, owner.epoch)
    full = msgspec.json.encode({**told, "before": LastEvents(yours, [_said(event) for event in last], begun)})
    if len(full) > room:
        full = msgspec.json.encode({**told, "before": LastEvents(yours, begun=begun)})
    return msgspec.Raw(full)


def _said(event: StoredEvent) -> LastEvent:
    told = json.loads(event.document)
    question, answer = (value if isinstance(value := told.get(name), str) else None for name in ("question", "answer"))
    return LastEvent(event.kind, event.watch, event.at, question and question[:MAX_TEXT], answer and answer[:MAX_TEXT])
