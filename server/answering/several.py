"""A question to several cameras: which are meant, what the model is asked to make one answer of theirs, and what is
said without a model. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from askcam.client.protocol import CameraAnswer, Saw
from askcam.engine.question import Message, Reason, Role, Text, Timings, Usage
from askcam.server.answering.yes_or_no import LIKELY
from askcam.server.errors import Invalid
from askcam.server.language.chinese import is_chinese
from askcam.server.steps import Done, MadeBy, MergedDone
from askcam.server.wire.fields import wrong

ALL = "all"  # in place of cameras' names; where a camera is called so, it is the camera
MOST_CAMERAS = 256  # of one question
MAX_CHARS = 600  # of one camera's answer, as the model is told it
WORDS = {
    "en": {
        "asked": 'Several cameras were asked: "{question}"\nThey answered:',
        "task": "Answer the question in one or two sentences, from these answers alone. Name the cameras.",
        "none": "no answer",
        "nowhere": "None of them.",
    },
    "zh": {
        "asked": "几个摄像头被问到：“{question}”\n它们回答：",
        "task": "只根据这些回答，用一两句话回答问题，并说出所指的摄像头的名称。",
        "none": "没有回答",
        "nowhere": "都没有。",
    },
}


def named_cameras(cameras: Any, *, all_is_one: bool) -> list[str] | None:
    """Those that the field `cameras` of a question names; None: all. `all_is_one`: a camera is called so. Raises
    Invalid."""
    if cameras is None or cameras == ALL:
        return None
    if not isinstance(cameras, list) or not all(isinstance(name, str) for name in cameras):
        raise wrong("cameras", cameras, f'a list of names, or "{ALL}"')
    if not cameras:
        raise Invalid("'cameras' is empty: name some, or leave it out for all", "cameras")
    return None if ALL in cameras and not all_is_one else cameras


def check_number(cameras: int) -> None:
    """Raises Invalid for more cameras than one question may ask."""
    if cameras > MOST_CAMERAS:
        raise Invalid(f"{cameras} cameras are too many for one question: at most {MOST_CAMERAS}", "cameras")


def wish(question: str, answers: Sequence[CameraAnswer]) -> Message:
    """What the model is asked, once the cameras have answered: words alone."""
    return Message(Role.USER, (Text(wished(question, answers)),))


def wished(question: str, answers: Sequence[CameraAnswer]) -> str:
    """The words of it."""
    words = WORDS["zh" if is_chinese(question) else "en"]
    lines = [f"- {each.camera}: {_said(each, words['none'])}" for each in answers]
    return "\n".join((words["asked"].format(question=question), *lines, words["task"]))


def side_by_side(question: str, answers: Iterable[CameraAnswer]) -> str:
    """The answers themselves, each with its cameras: of a model that can't speak of what it doesn't see."""
    none = WORDS["zh" if is_chinese(question) else "en"]["none"]
    cameras: dict[str, list[str]] = {}
    for each in answers:
        cameras.setdefault(_said(each, none), []).append(each.camera)
    return "\n".join(f"{', '.join(names)}: {text}" for text, names in cameras.items())


def likeliest(question: str, answers: Sequence[CameraAnswer]) -> str:
    """The cameras that show what was asked for, the likeliest first, each with its probability; then those that could
    not say."""
    chinese = is_chinese(question)
    words = WORDS["zh" if chinese else "en"]
    found = sorted(
        (each for each in answers if each.probability is not None),
        key=lambda each: -(each.probability or 0.0),
    )
    shown = [f"{each.camera} ({each.probability:.0%})" for each in found if (each.probability or 0.0) >= LIKELY]
    lines = [("、" if chinese else ", ").join(shown) if shown else words["nowhere"]]
    lines += [f"{each.camera}: {_said(each, words['none'])}" for each in answers if each.problem is not None]
    return "\n".join(lines)


def made_by(done: Done) -> MadeBy:
    """How an answer to several cameras was made of theirs, of one whose wire does not tell."""
    if isinstance(done, MergedDone):
        return done.made_by
    answers = done.saw.answers or []
    if all(answer.probability is not None for answer in answers if answer.problem is None):
        return "probabilities"
    return "listing" if done.text in {side_by_side(question, answers) for question in ("", "门")} else "model"


def merged(text: str, saw: Saw, made: MadeBy, used: Iterable[Done] = (), worded: Done | None = None) -> MergedDone:
    """The end of an answer that is made of others'. `used`: what it cost beside; `worded`: by the model."""
    usage = sum((done.usage for done in used), Usage() if worded is None else worded.usage)
    if worded is None:
        return MergedDone(Reason.STOP, text, saw, usage, Timings(), made_by=made)
    return MergedDone(worded.reason, text, saw, usage, Timings(), thought=worded.thought, made_by=made)


def _said(answer: CameraAnswer, none: str) -> str:
    if answer.text is None or answer.problem is not None:
        return none  # why stands in its problem: an error is nothing to be answered with
    text = " ".join(answer.text.split())
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + "…"
