"""All that the server sees of an engine: its types, and nothing that runs. Knows none of torch, imports no backend."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from askcam.engine.question import Event, Form, Question, ScoreEvent
from askcam.engine.trained import Trained
from askcam.stream.fit import Fit
from askcam.stream.window import Anchors, View

Positions = Literal["trained", "transformers"]
Power = Literal["auto", "full", "low"]
Pictures = Literal["jpeg", "png"]
Progress = Callable[[str, float], None]  # (what is being done, share done in 0..1); called from the loading thread


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How a model is to be run."""

    model: str  # a folder, or a hub id; behind a server its name there, "" being the only one
    backend: Literal["auto", "live", "portable"] = "auto"  # live where it is supported and proves exact, else portable
    device: str = "auto"  # "auto", "cpu", "cuda", "cuda:1"
    dtype: str = "auto"  # "auto", "float32", "bfloat16", "float16"
    attention: str = "auto"  # "auto": flash_attention_2 where the package is, else sdpa
    positions: Positions = "trained"  # M-RoPE of text after a video; "transformers" is what its >= 5.3 releases do
    max_waiting: int = 32  # questions in the queue; one more is refused with Busy
    max_pairs: int | None = None  # longest window; None: the model's own limit, else 16
    min_pixels: int | None = None  # of one frame as the model sees it; None: the model's own
    max_pixels: int | None = None
    still_min_pixels: int | None = None  # the same of an attached picture
    still_max_pixels: int | None = None
    threads: int | None = None  # CPU threads; None: torch's choice (portable), as many as help here (live)
    kv_gb: float | None = None  # memory for windows and answers (live); None: what is free on a GPU, less on a CPU
    fresh_ms: float = 150.0  # live: the newest frame joins as a provisional pair where that costs less than this
    max_answering: int = 32  # live, remote: answers that grow at once; more wait in the queue
    power: Power = "full"  # "low" takes less of the machine (engine/power.py); "auto": where it must, measured on a CPU
    wanted_fps: float = 2.0  # frames a second, of all cameras together: what "auto" is measured by
    url: str | None = None  # of a model server ("http://gpu1:8000/v1"): the model runs there, whatever `backend` says
    dialect: str = "openai"  # which kind of server that is (remote/dialects.py), or "auto"
    family: str = "qwen2_vl"  # of a model that runs there: it says how pictures are made to fit
    first_s: float = 60.0  # the longest silence of that server before an answer's first word
    pictures: Pictures = "jpeg"  # what frames become on their way to it
    tokenizer: str | None = None  # a folder with that model's tokenizer.json, where the server does not tell of tokens
    key: str | None = field(default=None, repr=False)  # for that server
    key_name: str = "ASKCAM_MODEL_KEY"  # what has it in the environment, for whoever lacks it


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was compared with stock transformers, or proven of a server. `detail` has the figures, and what
    differs or is missing if not `ok`."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class PowerMode:
    """How much of the machine a model's cameras take, and the figures it was chosen by, where it was."""

    low: bool = False
    wanted_fps: float | None = None  # frames a second, of all cameras together; None: the mode was asked for
    full_fps: float | None = None  # ... that this machine holds in full power, by what was measured at the start
    held_fps: float | None = None  # ... and in this mode
    pixels: int | None = None  # of the frame that was measured
    fewer_pixels: bool = (
        False  # whether frames have fewer than in full power: not where the model or the config fixes them
    )

    @property
    def name(self) -> Literal["full", "low"]:
        return "low" if self.low else "full"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is being run, for people and for /v1/models."""

    id: str  # as given: hub id or folder name
    family: str  # "qwen2_vl", "qwen2_5_vl", "qwen3_vl"
    backend: str  # "portable", "live", "remote"
    device: str  # behind a server: where that is ("gpu1:8000")
    dtype: str  # behind a server: "", since none tells it
    num_parameters: int  # likewise 0
    max_pairs: int
    context_tokens: int
    note: str = ""  # one line that must be shown with its answers ("knows drawn objects, not the real world")
    commit: str | None = None  # of the hub's repository; None for a folder
    digest: str = ""  # of its files (engine/fingerprint.py)
    takes_facts: bool = True  # whether facts may stand before a question: a small model takes them for signs it sees
    talks: bool = True  # whether it answers questions that nothing is shown with
    failed_call: str = ""  # how it must be told of a tool that failed, where it understands no other way
    trained: Trained | None = None  # what it was trained for, if its folder says so; None: for anything
    why_dtype: str = ""  # why its weights have that dtype, in a line; "": it was asked for, or is the checkpoint's own
    quantized: str = (
        ""  # how quantized weights lie in memory or are multiplied, in a line, where they are no plain ones
    )
    why_portable: str = ""  # what keeps it from the live backend, in a line
    checks: tuple[Check, ...] = ()  # how the live backend was found to be exact, or what a server was found to do
    power: PowerMode = PowerMode()


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Bytes on one device: on a GPU all that torch has, on a CPU weights, keys and values."""

    name: str  # "cpu", "cuda:0"
    allocated_bytes: int  # in use
    reserved_bytes: int  # and what is held for later


@dataclass(frozen=True, slots=True)
class EngineMemory:
    """Bytes now. The portable backend keeps no keys and values between questions."""

    weights_bytes: int = 0
    kv_used_bytes: int = 0
    kv_limit_bytes: int = 0
    devices: tuple[DeviceMemory, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Counts since the start; `waiting`, `answering` and `memory` are now."""

    asked: int = 0
    answered: int = 0
    cancelled: int = 0
    failed: int = 0
    refused: int = 0  # Busy
    waiting: int = 0
    answering: int = 0
    tokens: int = 0
    memory: EngineMemory = EngineMemory()


@dataclass(frozen=True, slots=True)
class SeenPace:
    """How fast the model takes in a camera's frames, whatever the camera brings."""

    every_s: float  # between two frames that it takes in, lately
    wanted_s: float  # ... as the camera is configured
    brought_s: float  # ... as the camera brought them meanwhile: still ones are left out; as if it were not slowed down
    behind_s: float  # how long the oldest frame that it has yet to take in has waited

    @property
    def slow(self) -> bool:
        """Whether the machine cannot keep up."""
        return self.every_s > 2.0 * self.brought_s

    @property
    def held_fps(self) -> float:
        """Of the frames a second that the camera is configured for, how many the machine holds."""
        return min(1.0, self.brought_s / self.every_s) / self.wanted_s if self.every_s > 0 else 1.0 / self.wanted_s


class WindowSource(Protocol):
    """What the engine wants of a camera; stream.Camera is one."""

    @property
    def name(self) -> str: ...

    def look(self) -> View:
        """The window now, newest decoded frame included. Any thread. Raises stream.errors.CameraUnavailable."""
        ...


@runtime_checkable
class LiveSource(WindowSource, Protocol):
    """A camera that says when its window has grown, so that an engine can compute ahead of the questions."""

    def peek(self) -> View | None:
        """The window's complete pairs; None while there are none. Any thread; converts no pixels, never waits."""
        ...

    def on_pair(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called after each new pair, and when the window was emptied, on the camera's thread, which
        it must not hold up. Returns what unsubscribes it."""
        ...


@runtime_checkable
class PacedSource(LiveSource, Protocol):
    """A camera that can be asked to bring less."""

    def pace(self, fps: float, anew: bool) -> None:
        """Sample at most `fps` frames a second from now on, never more than configured; `anew`: empty the window, since
        the model reads the rate. What is left out is counted. Any thread."""
        ...


class Grammar:
    """A compiled form. Any thread; `begin` makes what one answer is followed with."""

    def __init__(self, matcher: Any, num_bytes: int, param: str) -> None:
        """`param`: the part of a request that it comes from."""
        self._matcher = matcher  # never moved on
        self.num_bytes, self.param = num_bytes, param

    def begin(self) -> Any:
        """A llguidance.LLMatcher at the beginning of an answer, for one thread."""
        return self._matcher.deep_copy()


class Engine(Protocol):
    """Any thread may call any method. All but prepare(), measure(), single() and close() return at once."""

    @property
    def info(self) -> ModelInfo: ...

    @property
    def anchors(self) -> Anchors:
        """The rule that windows given to attach() must follow."""
        ...

    def fit(self, width: int, height: int) -> Fit:
        """How a `width` x `height` picture becomes a frame of this model. Raises QuestionError for absurd shapes."""
        ...

    def fit_picture(self, width: int, height: int) -> Fit:
        """How a picture in a question becomes what this model sees of it. ask() takes pictures of any size; those that
        are resized before keep less memory, and the engine thread free. Raises QuestionError as fit()."""
        ...

    def attach(self, source: WindowSource) -> None:
        """Make a camera's window askable under its name. Raises ValueError when the name is taken, NoRoom when
        the engine's memory holds no further camera."""
        ...

    def detach(self, name: str) -> None:
        """Forget a camera. Questions being answered go on; waiting ones fail with CameraUnavailable."""
        ...

    def ask(self, question: Question, on_event: Callable[[Event], None], grammar: Grammar | None = None) -> int:
        """Queue a question; returns its ticket. Raises Busy or QuestionError at once.

        `grammar`: what prepare() gave for the form (`sampling.response_format`); a form without it is compiled here
        and now, unless that was done lately.

        `on_event` is called on the engine thread, in order: Started, First, Thought..., Piece..., and exactly one
        Finished or Failed as the last. It must return at once and must not raise.
        """
        ...

    def prepared(self, form: Form) -> Grammar | None:
        """The grammar of a form that was compiled lately. Raises QuestionError for one that was refused."""
        ...

    def prepare(self, form: Form, unwanted: Callable[[], bool] = lambda: False) -> Grammar:
        """Compile a form, so that ask() need not. The one method beside close() that may take a while: milliseconds
        as a rule, 2 s of computing at most, in a process that is killed then; it ends soon with Cancelled once it is
        `unwanted`. Raises QuestionError for a form that cannot be kept or costs too much, EngineFailure."""
        ...

    def measure(self, question: Question) -> None:
        """Tokenize a question's words on the calling thread, which takes a tenth of a second for the longest. Raises
        TooLong, a QuestionError, when they can't fit the model whatever else it sees."""
        ...

    def score(
        self, questions: Sequence[Question], choices: Sequence[str], on_event: Callable[[ScoreEvent], None]
    ) -> int:
        """Queue many questions about one camera for the probabilities of their first token; returns a ticket.

        Questions of ask() go first: those that wait, and on the live backend those that come meanwhile, too.
        `on_event` hears one Scored, Failed or (when cancelled) Finished. Raises Busy or QuestionError at once.
        """
        ...

    def single(self, words: Sequence[str]) -> tuple[str, ...]:
        """Those of `words` that are one token of the model, and so may be choices of score(). A model's own server is
        asked the first time, where it has one. Raises QuestionError where nothing can be scored, or that is unknown."""
        ...

    def cancel(self, ticket: int) -> None:
        """End an answer within one token, or drop it from the queue; Finished(CANCELLED) follows. Unknown: nothing."""
        ...

    def paces(self) -> Mapping[str, SeenPace]:
        """How fast frames are taken in, by camera, for those that the engine reads ahead of questions. Any thread; what
        is true the next moment may differ."""
        ...

    def stats(self) -> EngineStats: ...

    def trouble(self) -> str | None:
        """Why no question can be answered now, in a line, where that is known before one is asked: the model's own
        server cannot be reached. None: they can. It ends by itself. Any thread."""
        ...

    def close(self) -> None:
        """End the engine thread and free the model; questions under way are cancelled. Blocks up to 5 s."""
        ...
