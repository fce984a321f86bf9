"""The last responses, so that a next question can follow one of them. In memory only, and bounded."""

from collections import Counter, OrderedDict
from dataclasses import dataclass

from askcam.server.access.shares import fullest
from askcam.server.access.viewer import THE_SERVER, Viewer
from askcam.server.errors import Invalid, NotFound
from askcam.server.given_names import quoted
from askcam.server.openai.responses.items import InputItem
from askcam.server.openai.responses.shapes import Response

MAX_RESPONSES = 200
MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """A response, and all turns up to and with it."""

    response: Response
    items: tuple[InputItem, ...]
    own: tuple[InputItem, ...] = ()  # the last of them: what was answered; each has an id
    maker: str = ""  # who asked for it (access/viewer.py)

    @property
    def num_bytes(self) -> int:
        return sum(item.num_bytes for item in self.items)


class Responses:
    """Owned by the event loop. The newest `max_responses` and `max_bytes` of their turns (those that follow each other
    share turns, and each counts all of its own); beyond that the oldest of the owner who holds most is dropped."""

    def __init__(self, max_responses: int = MAX_RESPONSES, max_bytes: int = MAX_BYTES) -> None:
        self._max_responses, self._max_bytes = max_responses, max_bytes
        self._kept: OrderedDict[str, tuple[KeptResponse, int, str]] = OrderedDict()  # with its bytes and its owner
        self._items: dict[str, tuple[InputItem, str]] = {}  # those that were answered, by their ids, with their makers
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, kept: KeptResponse, owner: str = "") -> None:
        """Keep it. `owner`: by whom it was asked for."""
        num_bytes = kept.num_bytes
        self._kept[kept.response.id] = (kept, num_bytes, owner)
        self._items |= {item.id: (item, kept.maker) for item in kept.own if item.id is not None}
        self._bytes += num_bytes
        while len(self._kept) > self._max_responses or self._bytes > self._max_bytes:
            sizes: Counter[str] = Counter()
            for _, size, holder in self._kept.values():
                sizes[holder] += size if len(self._kept) <= self._max_responses else 1
            most = fullest(sizes)
            self._forget(next(key for key, (_, _, holder) in self._kept.items() if holder == most))

    def item(self, item_id: str, viewer: Viewer) -> InputItem | None:
        """One that was answered to this viewer."""
        item, maker = self._items.get(item_id, (None, ""))
        return item if viewer.may_have(maker) else None

    def _forget(self, response_id: str) -> None:
        kept, num_bytes, _ = self._kept.pop(response_id)
        self._bytes -= num_bytes
        for item in kept.own:
            self._items.pop(item.id or "", None)

    def find(self, response_id: str, viewer: Viewer = THE_SERVER) -> KeptResponse | None:
        """None: it is not kept, or not this viewer's."""
        kept, _, _ = self._kept.get(response_id, (None, 0, ""))
        return kept if kept is not None and viewer.may_have(kept.maker) else None

    def get(self, response_id: str) -> Response:
        """Raises NotFound."""
        return self.kept(response_id).response

    def delete(self, response_id: str) -> None:
        """Raises NotFound."""
        self.kept(response_id)
        self._forget(response_id)

    def has(self, response_id: str) -> bool:
        return response_id in self._kept

    def kept(self, response_id: str, viewer: Viewer = THE_SERVER) -> KeptResponse:
        """Raises NotFound, in the same words for what is another's."""
        found = self.find(response_id, viewer)
        if found is None:
            raise NotFound(f"no response {quoted(response_id)} is kept: only the last ones are", "response_id")
        return found


def turns_before(responses: Responses, response_id: str | None, viewer: Viewer) -> tuple[InputItem, ...]:
    """The turns that a question after this response follows; none after None. Raises Invalid."""
    if response_id is None:
        return ()
    found = responses.find(response_id, viewer)
    if found is None:
        raise Invalid(
            f"response {quoted(response_id)} is not kept, or not any more: send its turns in 'input'",
            "previous_response_id",
            "previous_response_not_found",
        )
    return found.items


def referred(responses: Responses, items: tuple[InputItem, ...], viewer: Viewer) -> tuple[InputItem, ...]:
    """`items`, with what they refer to in place of references. Raises Invalid."""

    def meant(item: InputItem, i: int) -> InputItem:
        if item.type != "item_reference":
            return item
        found = responses.item(item.id or "", viewer)
        if found is None:
            raise Invalid(
                f"no item {quoted(item.id or '')} of a response is kept, or not any more: send it itself",
                f"input[{i}].id",
                "item_not_found",
            )
        return found

    return tuple(meant(item, i) for i, item in enumerate(items))
