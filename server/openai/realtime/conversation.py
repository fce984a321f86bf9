"""The turns of one realtime connection, in order and bounded. Pure."""

from askcam.server.errors import Invalid, Refusal
from askcam.server.given_names import quoted
from askcam.server.openai.realtime.call_items import CallItem, FunctionOutput, Turn
from askcam.server.openai.realtime.truncation import Rule, Trimmed

MAX_ITEMS = 128
MAX_BYTES = 8 << 20


class Conversation:
    """The newest `max_items` turns and `max_bytes` of them; when one more comes, the oldest are dropped."""

    def __init__(self, conversation_id: str, max_items: int = MAX_ITEMS, max_bytes: int = MAX_BYTES) -> None:
        self.id = conversation_id
        self._max_items, self._max_bytes = max_items, max_bytes
        self._items: list[Turn] = []
        self._trimmed = Trimmed()
        self._overtaken: set[str] = set()  # turns that a newer answer to the same question has replaced

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

    def add(self, item: Turn, after: str | None = None) -> tuple[str, ...]:
        """Put a turn at the end, at the beginning (`after` "root") or behind another; the ids that were dropped for it.

        Raises Invalid: the id is taken, there is no turn `after`, no such call, or the item alone is too large.
        """
        if item.id in self:
            raise Invalid(f"there is an item {quoted(item.id)} already: give it another id", "item.id", "item_exists")
        if isinstance(item, FunctionOutput) and item.call_id not in self._calls():
            raise Invalid(
                f"there is no function call {quoted(item.call_id)} in this conversation: output belongs to a call",
                "item.call_id",
                "call_not_found",
            )
        if item.num_bytes > self._max_bytes:
            raise Invalid(
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

    def get(self, item_id: str) -> Turn:
        """Raises Invalid `item_not_found`."""
        return self._items[self._place(item_id, "item_id")]

    def replace(self, item: Turn) -> tuple[str, ...]:
        """A turn that went on; nothing when it has been deleted. Returns the ids that were dropped for it."""
        for i, old in enumerate(self._items):
            if old.id == item.id:
                self._items[i] = item
                return self._shrink(item.id)
        return ()

    def delete(self, item_id: str) -> None:
        """Raises Invalid `item_not_found`."""
        del self._items[self._place(item_id, "item_id")]

    def prompt(self, rule: Rule | None) -> tuple[Turn, ...]:
        """The turns that a question is asked with. `rule` None: all but those in progress and those overtaken."""
        self._overtaken &= {item.id for item in self._items}
        present = [i for i in self._items if i.status != "in_progress" and i.id not in self._overtaken]
        return tuple(present) if rule is None else self._trimmed.prompt(present, rule)

    def overtake(self, item_id: str) -> None:
        """This turn stays in the conversation, but is in no later prompt."""
        self._overtaken.add(item_id)

    def _calls(self) -> set[str]:
        return {item.call_id for item in self._items if isinstance(item, CallItem)}

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


def _unknown(item_id: str, param: str) -> Refusal:
    return Invalid(
        f"there is no item {quoted(item_id)} in this conversation; it may have been deleted, or dropped as the oldest",
        param,
        "item_not_found",
    )
