"""The record of an answer: counted, kept with its frames, and told to whoever observes answers."""

from askcam.engine.question import Role, Text
from askcam.server.answering.hearing import AnswerSoFar
from askcam.server.answering.observing import Answered, Observer, tell
from askcam.server.answers import Answers, Record
from askcam.server.metrics import Metrics
from askcam.server.steps import Ask, Done


class Recording:
    """Owned by the event loop."""

    def __init__(self, answers: Answers, metrics: Metrics) -> None:
        self._answers, self._metrics = answers, metrics
        self.observers: list[Observer] = []

    def traces(self, ask: Ask) -> bool:
        """Whether anybody wants to know how its answer comes about."""
        return any(observer.traces(ask.camera, ask.evidence) for observer in self.observers)

    def keep(self, heard: AnswerSoFar, done: Done) -> None:
        """Count an answer, and keep it with its frames."""
        assert heard.finished is not None
        heard.kept = True
        ask, frames = heard.ask, () if heard.view is None else heard.view.frames
        reason, age_s = done.reason.value, heard.frame_age_s
        self._metrics.answered(ask.camera, reason, done.timings, done.usage, age_s, heard.tools_s)
        record = Record(
            done.saw,
            question_text(ask),
            done.text,
            done.reason,
            done.usage,
            done.timings,
            frames,
            owner=ask.client.viewer.owner,
        )
        self._answers.put(record, ask.client.key)
        if self.observers:
            messages, tools = heard.dialogue.messages, heard.dialogue.tools
            said, view, shot = heard.finished.tokens, heard.view, heard.shot
            tell(
                self.observers,
                Answered(record, messages, tools, heard.trace, said, view, shot, heard.info, ask.evidence, ask.client),
            )


def question_text(ask: Ask) -> str:
    """The last thing the user said, for the record."""
    for message in reversed(ask.messages):
        if message.role is Role.USER:
            return " ".join(part.text for part in message.parts if isinstance(part, Text))
    return ""
