"""The last responses, so that a next question can follow one of them. In memory only, and bounded."""

from collections import Counter, OrderedDict
from dataclasses import dataclass

from askcam.server.access.shares import fullest
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

    @property
    def num_bytes(self) -> int:
        return sum(item.num_bytes for item in self.items)


class Responses:
    """Owned by the event loop. The newest `max_responses` and `max_bytes` of their turns (those that follow each other
    share turns, and each counts all of its own); beyond that the oldest of the owner who holds most is dropped."""

    def __init__(self, max_responses: int = MAX_RESPONSES, max_bytes: int = MAX_BYTES) -> None:
        self._max_responses, self._max_bytes = max_responses, max_bytes
        self._kept: OrderedDict[str, tuple[KeptResponse, int, str]] = OrderedDict()  # with its bytes and its owner
        self._items: dict[str, InputItem] = {}  # those that were answered, by their ids; of the kept responses
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, kept: KeptResponse, owner: str = "") -> None:
        """Keep it. `owner`: by whom it was asked for."""
        num_bytes = kept.num_bytes
        self._kept[kept.response.id] = (kept, num_bytes, owner)
        self._items |= {item.id: item for item in kept.own if item.id is not None}
        self._bytes += num_bytes
        while len(self._kept) > self._max_responses or self._bytes > self._max_bytes:
            sizes: Counter[str] = Counter()
            for _, size, holder in self._kept.values():
                sizes[holder] += size if len(self._kept) <= self._max_responses else 1
            most = fullest(sizes)
            self._forget(next(key for key, (_, _, holder) in self._kept.items() if holder == most))

    def referred(self, items: tuple[InputItem, ...]) -> tuple[InputItem, ...]:
        """`items`, with what they refer to in place of references. Raises Invalid."""
        return tuple(self._referred(item, i) if item.type == "item_reference" else item for i, item in enumerate(items))

    def _referred(self, item: InputItem, i: int) -> InputItem:
        found = self._items.get(item.id or "")
        if found is None:
            raise Invalid(
                f"no item {quoted(item.id or '')} of a response is kept, or not any more: send it itself",
                f"input[{i}].id",
                "item_not_found",
            )
        return found

    def _forget(self, response_id: str) -> None:
        kept, num_bytes, _ = self._kept.pop(response_id)
        self._bytes -= num_bytes
        for item in kept.own:
            self._items.pop(item.id or "", None)

    def before(self, response_id: str | None) -> tuple[InputItem, ...]:
        """The turns that a question after this response follows; none after None. Raises Invalid."""
        if response_id is None:
            return ()
        found = self._kept.get(response_id)
        if found is None:
            raise Invalid(
                f"response {quoted(response_id)} is not kept, or not any more: send its turns in 'input'",
                "previous_response_id",
                "previous_response_not_found",
            )
        return found[0].items

    def get(self, response_id: str) -> Response:
        """Raises NotFound."""
        return self.kept(response_id).response

    def delete(self, response_id: str) -> None:
        """Raises NotFound."""
        self.kept(response_id)
        self._forget(response_id)

    def has(self, response_id: str) -> bool:
        return response_id in self._kept

    def kept(self, response_id: str) -> KeptResponse:
        """Raises NotFound."""
        found = self._kept.get(response_id)
        if found is None:
            raise NotFound(f"no response {quoted(response_id)} is kept: only the last ones are", "response_id")
        return found[0]
