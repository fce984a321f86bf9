"""What each kind of model server takes, as tables: how a window goes, which fields it keeps to, what it tells. Pure.

All speak OpenAI's chat completions; they differ in what they add, and in what they leave out without a word. What is
said here is what a server of that kind can; whether the one at hand does, its proofs say (probe.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from askcam.engine.errors import QuestionError
from askcam.engine.question import Form, Sampling


class Shape(StrEnum):
    """How the frames of a window or clip go."""

    JPEGS = "jpegs"  # a video: data:video/jpeg;base64,FIRST,SECOND,..., which the model's processor gets as they are
    MP4 = "mp4"  # a video: data:video/mp4;base64,...
    IMAGES = "images"  # a picture each: to the model another question than a video


# How it is told whether to think: by the model's template (chat_template_kwargs.enable_thinking) · by reasoning_effort,
# of which "none" is not to · it cannot be told
ThinkingField = Literal["template", "effort", "none"]
ChoiceLogprobs = Literal["any", "top", "none"]  # of any token by its id · of the 20 likeliest · of none
SAMPLING = ("temperature", "top_p", "top_k", "repetition_penalty", "seed", "stop", "min_tokens")  # beside max_tokens


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server."""

    name: str
    title: str  # as people call it
    windows: tuple[tuple[int, Shape], ...]  # most frames, and the shape that they go in; by growing numbers
    usual_pairs: int  # of the longest window, where nobody says
    sampling: Mapping[str, str]  # the fields of Sampling that it keeps to, and what it calls them
    logprobs: ChoiceLogprobs
    forms: bool = True  # response_format
    tools: bool = True  # takes `tools` and gives tool_calls; else they are written into the conversation
    chooses_tools: bool = True  # takes tool_choice
    extra: Mapping[str, Any] = field(default_factory=dict)  # fields of every streamed request
    thinking: ThinkingField = "none"
    tokenizes: bool = False  # POST /tokenize, beside /v1
    version: str = ""  # where it says its version, beside /v1
    owner: str = ""  # what `owned_by` says of its models, where that tells it from the others
    start: str = ""  # how it has to be started, where a proof fails: a remedy
    blanks: str = ""  # and where a form is filled up with blank lines

    @property
    def most_frames(self) -> int:
        return self.windows[-1][0]

    def shape(self, num_frames: int) -> Shape:
        """How so many frames go. Raises QuestionError for too many."""
        for most, shape in self.windows:
            if num_frames <= most:
                return shape
        raise QuestionError(
            f"{self.title} takes at most {self.most_frames} frames, not {num_frames}: send fewer", "messages"
        )

    def check(self, sampling: Sampling) -> None:
        """Raises QuestionError naming a field that it would leave out without a word."""
        usual = Sampling()
        for name in SAMPLING:
            if name not in self.sampling and getattr(sampling, name) != getattr(usual, name):
                raise QuestionError(
                    f"the model runs behind {self.title}, which does not keep to {name}: leave it out", name
                )

    def check_form(self, form: Form) -> None:
        """Raises QuestionError for a form that cannot be put in its words."""
        if form.schema is not None and form.calls is not None:
            raise QuestionError(
                "a model behind another server takes a form (response_format) or tools, not both in one question: "
                "leave one of them out",
                "response_format",
            )
        if form.schema is not None and not self.forms:
            raise QuestionError(
                f"the model runs behind {self.title}, which gives answers no form: leave response_format out",
                "response_format",
            )
        if form.calls is not None and not form.words and not (self.tools and self.chooses_tools):
            raise QuestionError(
                f"the model runs behind {self.title}, which cannot be held to calling a tool: use tool_choice 'auto'",
                "tool_choice",
            )


USAGE = {"stream_options": {"include_usage": True}}
OPENAI_FIELDS = {name: name for name in ("temperature", "top_p", "seed", "stop")}
VLLM_FIELDS = {name: name for name in SAMPLING}
VLLM_START = 'start it with --media-io-kwargs \'{"video":{"num_frames":-1,"fps":2}}\', fps being the cameras\''
PICTURES = ((32, Shape.IMAGES),)

DIALECTS: Mapping[str, Dialect] = {
    each.name: each
    for each in (
        Dialect(
            "vllm",
            "vLLM",
            ((32, Shape.JPEGS), (256, Shape.MP4)),  # of more JPEGs it keeps the first 32, and drops the newest
            usual_pairs=16,
            sampling=VLLM_FIELDS,
            logprobs="any",
            extra=USAGE,
            thinking="template",
            tokenizes=True,
            version="/version",
            owner="vllm",
            start=VLLM_START,
            blanks='start it with --structured-outputs-config \'{"backend":"xgrammar","disable_any_whitespace":true}\'',
        ),
        Dialect(
            "sglang",
            "SGLang",
            ((256, Shape.MP4),),
            usual_pairs=16,
            sampling=VLLM_FIELDS,
            logprobs="top",
            extra=USAGE,
            thinking="template",
            owner="sglang",
            start="it reads two frames a second of a film, so leave cameras at fps = 2, or show it less (max_pairs)",
        ),
        Dialect(
            "llamacpp",
            "llama.cpp",
            PICTURES,
            usual_pairs=8,
            sampling={**OPENAI_FIELDS, "top_k": "top_k", "repetition_penalty": "repeat_penalty"},
            logprobs="top",
            extra=USAGE,
            thinking="template",
            owner="llamacpp",
            start="start it with --jinja, --mmproj and a context (-c) that holds all pictures",
        ),
        Dialect(
            "ollama",
            "Ollama",
            PICTURES,
            usual_pairs=8,
            sampling=OPENAI_FIELDS,
            logprobs="top",
            chooses_tools=False,
            extra=USAGE,
            thinking="effort",
            version="/api/version",
            owner="library",
            start="raise its context: OLLAMA_CONTEXT_LENGTH=16384 ollama serve",
        ),
        Dialect(
            "transformers",
            "transformers serve",
            PICTURES,
            usual_pairs=8,
            sampling=OPENAI_FIELDS,
            logprobs="none",
            forms=False,
            tools=False,
            chooses_tools=False,
        ),
        Dialect(
            "openai",
            "a server of OpenAI's protocol",
            PICTURES,
            usual_pairs=8,
            sampling=OPENAI_FIELDS,
            logprobs="top",
            extra=USAGE,
        ),
    )
}


def by_owner(owner: str) -> Dialect:
    """The dialect of a server that says so of its models; OpenAI's own where that tells nothing."""
    return next((each for each in DIALECTS.values() if each.owner and each.owner == owner), DIALECTS["openai"])
