"""The turns of one realtime connection, in order and bounded. Pure."""

from askcam.engine.question import Role
from askcam.server.errors import ApiError, bad_request
from askcam.server.realtime.items import Item

MAX_ITEMS = 128
MAX_BYTES = 8 << 20
MAX_PROMPT_ITEMS = 32


class Conversation:
    """The newest `max_items` turns and `max_bytes` of them; when one more comes, the oldest are dropped."""

    def __init__(self, max_items: int = MAX_ITEMS, max_bytes: int = MAX_BYTES) -> None:
        self._max_items, self._max_bytes = max_items, max_bytes
        self._items: list[Item] = []

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item_id: str) -> bool:
        return any(item.id == item_id for item in self._items)

    @property
    def num_bytes(self) -> int:
        return sum(item.num_bytes for item in self._items)

    def before(self, item_id: str) -> str | None:
        """The id of the turn before this one; None when it is the first."""
        place = self._place(item_id, "item_id")
        return self._items[place - 1].id if place else None

    def add(self, item: Item, after: str | None = None) -> tuple[str, ...]:
        """Put a turn at the end, at the beginning (`after` "root") or behind another; the ids that were dropped for it.

        Raises ApiError 400: the id is taken, there is no turn `after`, or the item alone is too large.
        """
        if item.id in self:
            raise bad_request(f"there is an item {item.id!r} already: give it another id", "item.id", "item_exists")
        if item.num_bytes > self._max_bytes:
            raise bad_request(
                f"the item has {item.num_bytes:,} bytes; a conversation holds {self._max_bytes:,}: send smaller ones",
                "item",
                "too_large",
            )
        match after:
            case None:
                place = len(self._items)
            case "root":
                place = 0
            case _:
                place = self._place(after, "previous_item_id") + 1
        self._items.insert(place, item)
        return self._shrink(item.id)

    def get(self, item_id: str) -> Item:
        """Raises ApiError 400 `item_not_found`."""
        return self._items[self._place(item_id, "item_id")]

    def replace(self, item: Item) -> tuple[str, ...]:
        """A turn that went on; nothing when it has been deleted. Returns the ids that were dropped for it."""
        for i, old in enumerate(self._items):
            if old.id == item.id:
                self._items[i] = item
                return self._shrink(item.id)
        return ()

    def delete(self, item_id: str) -> None:
        """Raises ApiError 400 `item_not_found`."""
        del self._items[self._place(item_id, "item_id")]

    def prompt(self, max_chars: int | None, max_items: int = MAX_PROMPT_ITEMS) -> tuple[Item, ...]:
        """The turns that a question is asked with: the newest that fit, and every turn of the system.

        The last turn of the user is always among them. `max_chars` None: all of them.
        """
        if max_chars is None:
            return tuple(self._items)
        last = max((i for i, item in enumerate(self._items) if item.role is Role.USER), default=-1)
        taken: list[Item] = []
        left, full = max_chars, False
        for i in range(len(self._items) - 1, -1, -1):
            item = self._items[i]
            full = full or item.num_chars > left or len(taken) >= max_items
            if not full or i == last or item.role is Role.SYSTEM:
                taken.append(item)
                left -= item.num_chars
        return tuple(reversed(taken))

    def _place(self, item_id: str, param: str) -> int:
        for i, item in enumerate(self._items):
            if item.id == item_id:
                return i
        raise _unknown(item_id, param)

    def _shrink(self, keep: str) -> tuple[str, ...]:
        gone = []
        while len(self._items) > self._max_items or self.num_bytes > self._max_bytes:
            oldest = next((i for i, item in enumerate(self._items) if item.id != keep), None)
            if oldest is None:
                break
            gone.append(self._items.pop(oldest).id)
        return tuple(gone)


def _unknown(item_id: str, param: str) -> ApiError:
    return bad_request(
        f"there is no item {item_id!r} in this conversation; it may have been deleted, or dropped as the oldest",
        param,
        "item_not_found",
    )
