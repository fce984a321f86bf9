"""The answers of a realtime session: from response.create to response.done. Pure; session.py drives it."""

from collections.abc import Iterable, Mapping

from askcam.engine.question import Reason, Role
from askcam.server.answering.asked import NothingAsked, Unanswered, is_open, plan, says
from askcam.server.errors import Invalid, Refusal, TooMany
from askcam.server.given_names import quoted
from askcam.server.openai.realtime.call_items import Turn, answerable, turn_of, with_role
from askcam.server.openai.realtime.client_events import ResponseCancel, ResponseCreate
from askcam.server.openai.realtime.conversation import Conversation
from askcam.server.openai.realtime.effects import Effect, Start, Stop
from askcam.server.openai.realtime.items import Item, SaidItem
from askcam.server.openai.realtime.response import Added, Notice, RealtimeResponse, Whole
from askcam.server.openai.realtime.settings import SessionLimits, Settings
from askcam.server.openai.realtime.voice import Voice
from askcam.server.steps import (
    Begun,
    Called,
    CameraAnswered,
    Changed,
    Done,
    Returned,
    SeenStep,
    Step,
    TextDelta,
    ThoughtDelta,
)


class Answering:
    """Owned by its session, as are `conversation` and `voice`."""

    def __init__(self, conversation: Conversation, limits: SessionLimits, voice: Voice) -> None:
        self._conversation, self._limits, self._voice = conversation, limits, voice
        self._responses: dict[str, RealtimeResponse] = {}  # being answered; at most limits.max_responses
        self._starts: dict[str, Start] = {}  # of those

    # What the client wants.

    def create(self, event: ResponseCreate, session: Settings) -> list[Effect]:
        """Begin an answer. Raises Refusal when it cannot be."""
        self._check_room(event)
        settings = session.with_changes(event.changes)
        items, instructions = self._asked(event, session, settings)
        response = RealtimeResponse(
            self._voice.new_id,
            conversation_id=self._conversation.id if event.in_conversation else None,
            settings=settings,
            metadata=event.metadata,
            event_id=event.event_id,
        )
        sampling = settings.sampling(self._limits.max_tokens)
        own = frozenset(event.changes)
        return self._begin(response, Start(response.id, instructions, items, sampling, settings, own))

    def cancel(self, event: ResponseCancel) -> list[Effect]:
        """End an answer. Raises Refusal when it is not under way."""
        response = self.active() if event.response_id is None else self._responses.get(event.response_id)
        if response is None:
            which = f"the answer {quoted(event.response_id)} is not" if event.response_id else "no answer is"
            raise Invalid(f"{which} under way: there is nothing to cancel", None, "response_cancel_not_active")
        self._forget(response.id)
        return [Stop(response.id), *self._tell(response, response.cancel())]

    def active(self) -> RealtimeResponse | None:
        """The answer that the conversation is waiting for."""
        return next((r for r in self._responses.values() if r.conversation_id is not None), None)

    # What the asking brought. Nothing comes of it when the answer was cancelled meanwhile.

    def hear(self, response_id: str, step: Step, events: frozenset[str]) -> list[Effect]:
        """One step of an answer. `events`: which of askcam's own the session wants."""
        response = self._responses.get(response_id)
        if response is None:
            return []
        match step:
            case Begun() | ThoughtDelta() | CameraAnswered():  # no place for them in this protocol
                return []
            case SeenStep():
                response.saw = step.saw
                return []
            case TextDelta():
                return self._tell(response, response.say(step.text))
            case Called():
                return self._tell(response, response.call(step.call, step.server))
            case Returned():
                return self._tell(response, response.returned(step.call, step.tool))
            case Changed():
                response.changed = True
                told = {"camera": step.camera, "changed_at": step.changed_at, "share": step.share}
                wanted = "scene.changed" in events
                return [self._voice.send("scene.changed", response_id=response_id, **told)] if wanted else []
            case Done():
                return self._done(response, step)

    def failed(self, response_id: str, error: Refusal) -> list[Effect]:
        """A question was refused, or its answer broke off."""
        response = self._responses.get(response_id)
        if response is None:
            return []
        error = _named(error, self._forget(response_id).own)
        return [self._voice.error(error, response.event_id), *self._tell(response, response.fail(error))]

    def _done(self, response: RealtimeResponse, done: Done) -> list[Effect]:
        start = self._forget(response.id)
        told = self._tell(response, response.complete(done))
        again = (
            response.changed
            and response.again is None
            and response.settings.on_scene_change == "answer_again"
            and done.reason is not Reason.CANCELLED
            and not done.calls
        )
        return [*told, *self._again(response, start)] if again else told

    def _again(self, old: RealtimeResponse, start: Start) -> list[Effect]:
        """The scene changed while this answer was given: the same question once more."""
        if old.conversation_id is not None:
            for item in old.outputs:
                self._conversation.overtake(item.id)
        response = RealtimeResponse(
            self._voice.new_id,
            conversation_id=old.conversation_id,
            settings=old.settings,
            metadata=old.metadata,
            event_id=old.event_id,
            again=old.id,
        )
        return self._begin(
            response, Start(response.id, start.instructions, start.items, start.sampling, old.settings, start.own)
        )

    # Pieces of the above.

    def _begin(self, response: RealtimeResponse, start: Start) -> list[Effect]:
        self._responses[response.id], self._starts[response.id] = response, start
        return [*self._tell(response, response.created()), start]

    def _forget(self, response_id: str) -> Start:
        del self._responses[response_id]
        return self._starts.pop(response_id)

    def _check_room(self, event: ResponseCreate) -> None:
        active = self.active() if event.in_conversation else None
        if active is not None:
            raise Invalid(
                f"the conversation has an answer under way ({active.id}): wait for its response.done, cancel it, "
                'or ask with conversation "none"',
                None,
                "conversation_already_has_active_response",
            )
        if len(self._responses) >= self._limits.max_responses:
            raise TooMany(
                f"{len(self._responses)} answers are under way on this connection: wait for one of them",
                code="busy",
            )

    def _items(self, event: ResponseCreate, settings: Settings) -> tuple[Turn, ...]:
        if event.input is not None:
            return tuple(self._conversation.get(entry) if isinstance(entry, str) else entry for entry in event.input)
        return self._conversation.prompt(settings.rule(self._limits.prompt_chars))

    def _asked(self, event: ResponseCreate, session: Settings, settings: Settings) -> tuple[tuple[Turn, ...], str]:
        """The turns that the model reads, and its instructions. Those of a response, where nobody waits for an answer,
        are what is asked. Raises Invalid `nothing_asked`."""
        items = answerable(self._items(event, settings))
        own, instructions = str(event.changes.get("instructions") or ""), settings.instructions
        if says(own) and not is_open(map(turn_of, items)):
            items, instructions = (*items, Item("asked", Role.USER, (SaidItem(own),))), session.instructions
        try:
            steps = plan([turn_of(item) for item in items])
        except (NothingAsked, Unanswered) as exc:
            raise Invalid(
                "nothing was asked: create an item with the user's question first, or give it as response.input",
                "response.input",
                "nothing_asked",
            ) from exc
        return tuple(with_role(items[i], role) for i, role in steps), instructions

    def _tell(self, response: RealtimeResponse, notices: Iterable[Notice]) -> list[Effect]:
        effects: list[Effect] = []
        for notice in notices:
            match notice:
                case Added() if response.conversation_id is not None:
                    effects += self.added(notice.turn, self._conversation.add(notice.turn))
                case Whole() if response.conversation_id is not None and notice.turn.id in self._conversation:
                    effects += self._deleted(self._conversation.replace(notice.turn))
                    effects.append(self._turn("conversation.item.done", notice.turn))
                case Mapping():
                    effects.append(self._voice.event(notice))
        return effects

    def added(self, turn: Turn, dropped: tuple[str, ...], *, whole: bool = False) -> list[Effect]:
        """A turn is in the conversation, for which others were dropped."""
        effects: list[Effect] = [*self._deleted(dropped), self._turn("conversation.item.added", turn)]
        return [*effects, self._turn("conversation.item.done", turn)] if whole else effects

    def _deleted(self, item_ids: tuple[str, ...]) -> list[Effect]:
        return [self._voice.send("conversation.item.deleted", item_id=item_id) for item_id in item_ids]

    def _turn(self, kind: str, turn: Turn) -> Effect:
        return self._voice.send(kind, previous_item_id=self._conversation.before(turn.id), item=turn.wire())


# What the engine and the asking call otherwise than a session does, with its name in Settings.
NAMES = {"max_tokens": ("max_output_tokens", "max_output_tokens"), "askcam.tools": ("askcam.tools", "server_tools")}


def _named(error: Refusal, own: frozenset[str]) -> Refusal:
    """A refusal, naming the field of the session, or of the response that has set it itself (`own`)."""
    if error.param is None or error.param.startswith(("response.", "session.")):
        return error
    if error.param == "messages":
        return error.at("response.input")
    name, setting = NAMES.get(error.param, (error.param, error.param.partition("[")[0].partition(".")[0]))
    return error.at(f"{'response' if setting in own else 'session'}.{name}")
