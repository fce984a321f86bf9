"""How a question is admitted: what cannot be asked is refused, and what it is asked with is put together, from its
camera's facts and health, the tools that fit it, and what the model was trained to be asked."""

import secrets
import string
from dataclasses import replace

from askcam.client.protocol import Fact
from askcam.engine.question import Message, Text
from askcam.server.access.sizes import check_messages, check_tools
from askcam.server.answering.consulting import Teller, facts_of
from askcam.server.answering.dialogue import Dialogue
from askcam.server.answering.fewer_tools import fitting
from askcam.server.answering.freshness import refuse_blind
from askcam.server.answering.hearing import AnswerSoFar
from askcam.server.answering.notes import with_notes
from askcam.server.answering.trained import asked, beyond, check_form, instead, no_form
from askcam.server.cameras import Cameras
from askcam.server.errors import Invalid, needs_picture
from askcam.server.steps import Ask
from askcam.server.tools.base import CallLimits, Tool
from askcam.server.tools.box import Toolbox
from askcam.stream.states import State

ALPHABET = string.ascii_letters + string.digits


def new_answer_id() -> str:
    """Unguessable, since whoever knows it may read the answer's frames."""
    return "ans_" + "".join(secrets.choice(ALPHABET) for _ in range(24))


class Admitting:
    """Owned by the event loop."""

    def __init__(
        self,
        cameras: Cameras,
        tools: Toolbox,
        limits: CallLimits,
        max_chars: int,
        max_age_s: float | None,
    ) -> None:
        """`max_chars`: of all text in one question; `max_age_s`: of one that says nothing itself."""
        self._cameras, self._tools, self._limits = cameras, tools, limits
        self._max_chars, self._max_age_s = max_chars, max_age_s
        self.tellers: list[Teller] = []

    def max_age_s(self, ask: Ask, camera: str) -> float | None:
        """How old the camera's newest frame may be: as the question says, else as the server usually has it; what a
        file that is over has shown may be of any age. Raises NotFound."""
        over = self._cameras.get(camera).status().state is State.ENDED
        return self._max_age_s if ask.max_age_s is None and not over else ask.max_age_s

    def admit(self, ask: Ask) -> AnswerSoFar:
        """Its answer, before the first word. Raises Refusal for what cannot be asked."""
        check_messages(ask.messages, self._max_chars, ask.said_in)
        check_tools(ask.tools, self._max_chars)
        facts: tuple[Fact, ...] = ()
        runs: dict[str, Tool] = {}
        health: tuple[str, ...] = ()
        viewer = ask.client.viewer
        model = self._cameras.asked_of(ask.camera, ask.model, viewer)
        info, allowed = model.engine.info, self._limits.allow
        if ask.camera is None and ask.zone is not None:
            raise Invalid("a zone is of a camera, and the question names none: leave the zone out", "askcam.zone")
        if ask.camera is None and not info.talks and not any(map(_shows, ask.messages)):
            raise needs_picture(self._cameras.names(viewer), ask.said_in)
        if ask.camera is not None:
            self._cameras.check_zone(ask.camera, ask.zone)
            use, health = self._cameras.use(ask.camera), self._cameras.health(ask.camera)
            check_health(self._cameras, ask, ask.camera, health)
            allowed = use.tools
            facts = tuple(facts_of(self.tellers, ask.camera))
            ask = replace(ask, max_age_s=self.max_age_s(ask, ask.camera))
        if ask.thinking is None:
            ask = replace(ask, thinking=model.thinking)
        if ask.choice.mode != "none":
            runs = {tool.signature.name: tool for tool in self._tools.offered(allowed, ask.server_tools)}
        messages = with_notes(ask.messages, facts if info.takes_facts else (), health)
        if ask.choice.mode == "auto":
            both = (*ask.tools, *(tool.signature.wire() for tool in runs.values()))
            offered = {tool["function"]["name"] for tool in fitting(info.trained, asked(messages), both)}
            ask = replace(ask, tools=tuple(tool for tool in ask.tools if tool["function"]["name"] in offered))
            runs = {name: tool for name, tool in runs.items() if name in offered}
        dialogue = Dialogue(
            ask, messages, [tool.signature.wire() for tool in runs.values()], self._limits, info.failed_call
        )
        watched = ask.camera is not None and ask.on_change is not None
        answering = (new_answer_id(), model.called, model.engine)
        heard = AnswerSoFar(ask, *answering, dialogue, runs, list(facts), watched=watched)
        if info.trained is not None:
            check_form(info.trained, ask.sampling.response_format, asked(messages))
            heard.instead = instead(info.trained, messages, dialogue.tools)
            if heard.instead is not None and ask.sampling.response_format is not None:
                raise no_form(heard.instead)
            if heard.instead is None and dialogue.tools and ask.choice.mode != "required":
                heard.unless_called = beyond(info.trained, asked(messages))  # a tool may know it
                dialogue.quiet = heard.unless_called is not None
        return heard


def check_health(cameras: Cameras, ask: Ask, camera: str, health: tuple[str, ...]) -> None:
    """Raises Unavailable, unless the question or its camera wants an answer whatever the picture is like."""
    if (ask.unwell or cameras.use(camera).unwell) == "refuse":
        refuse_blind(camera, health)


def _shows(message: Message) -> bool:
    """Whether a turn holds a picture or a clip."""
    return any(not isinstance(part, Text) for part in message.parts)
