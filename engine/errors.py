"""What can go wrong with a question or a model.

EngineError
├── ModelError        a model cannot be loaded; the message names the folder or id and the remedy
│   └── HubUnreachable  ... since the hub does not answer, or must not be asked
├── QuestionError     this question cannot be answered by this model (too long, no such camera); the asker's mistake
│   └── TooLong       its words, or what it sees, are more than the model takes
├── Busy              the queue of waiting questions is full; `retry_after_s` is a guess
│   └── ServerBusy    ... or the model's own server has no place for it
├── NoRoom            the engine's memory holds no further camera; the message says how many fit and what helps
├── Cancelled         nobody waits for it any more; nothing was done
├── UnknownScene      what is shown is unlike all that the model was trained on; `other` is a model for it
├── Stale             the camera's newest frame is older than the question allows
│   └── TooSlow       ... and it is so since this machine took so long over it: the camera's picture was young enough
└── EngineFailure     the engine failed while answering; the cause is logged once
    └── ModelUnreachable  nothing answers where the model's server should be; it is looked for again by itself
"""

from askcam.stream.errors import CrossesProcesses


class EngineError(CrossesProcesses):
    """Base of this package's errors."""


class ModelError(EngineError):
    """A model cannot be loaded or is not supported."""


class HubUnreachable(ModelError):
    """The hub does not answer, or must not be asked. What was fetched before may do."""


class QuestionError(EngineError):
    """A question that this model can never answer as it stands. `param` names the part at fault, if one is."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class TooLong(QuestionError):
    """A question that does not fit the model's context."""


class Busy(EngineError):
    """Too many questions wait already; nothing was queued."""

    def __init__(self, waiting: int, retry_after_s: float) -> None:
        super().__init__(f"{waiting} questions are waiting already; try again in {retry_after_s:.0f} s")
        self.waiting, self.retry_after_s = waiting, retry_after_s


class ServerBusy(Busy):
    """The server that the model runs behind has no place for the question now."""

    def __init__(self, where: str, retry_after_s: float) -> None:
        super().__init__(0, retry_after_s)
        self.args = (f"the model server at {where} has no place for the question; try again in {retry_after_s:.0f} s",)


class NoRoom(EngineError):
    """The engine's memory holds no further camera's windows; nothing was attached."""


class Stale(EngineError):
    """The newest frame is older than the question's `max_age_s`; nothing was answered from it."""

    def __init__(self, camera: str, age_s: float, max_age_s: float) -> None:
        super().__init__(
            f"the newest frame of camera {camera!r} is {_span(age_s)} old, the question allows {_span(max_age_s)}"
        )
        self.camera, self.age_s, self.max_age_s = camera, age_s, max_age_s


class Cancelled(EngineError):
    """What was wanted is wanted no more; told only to who said so."""


class TooSlow(Stale):
    """The frames were young enough when they were taken, and too old at the first word: the machine is too slow."""

    def __init__(self, camera: str, age_s: float, max_age_s: float, engine_s: float) -> None:
        super().__init__(camera, age_s, max_age_s)
        self.engine_s = engine_s
        self.args = (
            f"this machine is too slow for the question: from taking the newest frame of camera {camera!r} to the "
            f"first word it took {_span(engine_s)}, and the question allows {_span(max_age_s)}; the "
            f"frame itself was {_span(max(0.0, age_s - engine_s))} old when it was taken. Smaller frames "
            "(--max-pixels), fewer cameras or frames a second, a smaller model or a GPU help, or a larger max_age_ms; "
            "askcam doctor --model measures it",
        )


class UnknownScene(EngineError):
    """What the question is about is unlike all that the model states it was trained on; an answer would be a guess."""

    def __init__(self, other: str) -> None:
        super().__init__(
            "this looks like a real scene; the model that runs here knows drawn ones only"
            + (f". For real scenes: askcam serve --model {other}" if other else "")
        )
        self.other = other


class EngineFailure(EngineError):
    """The engine failed while it answered. Other questions are not touched."""


class ModelUnreachable(EngineFailure):
    """Nothing answers where the model's own server should be. It is asked again by itself until something does."""


def _span(seconds: float) -> str:
    """In milliseconds, as `max_age_ms` is given; in minutes where these would be hard to read."""
    return f"{seconds * 1000:.0f} ms" if seconds < 60 else f"{seconds / 60:.3g} min"
