"""Which models look for a watch, and what each of them listens for."""

from askcam.engine.errors import EngineError, QuestionError
from askcam.features.watches.answers import AnswerWords, words
from askcam.features.watches.errors import CannotBeScored
from askcam.features.watches.setting import Kind, WatchSetting
from askcam.server.cameras import Cameras
from askcam.server.errors import as_refusal
from askcam.server.model import USUAL, Model


def models_of(setting: WatchSetting, cameras: Cameras) -> dict[Model, list[str]]:
    """The models that look, each with its cameras; at cameras that are not there, yet or any more, the usual one. On
    the event loop. Raises NotFound for a model that is not there."""
    found: dict[Model, list[str]] = {}
    for camera in setting.cameras:
        own = cameras.announced.get(camera, cameras.use(camera).model)
        found.setdefault(cameras.models.get(setting.model or own), []).append(camera)
    return found


def heard_by(setting: WatchSetting, model: Model) -> AnswerWords | None:
    """What is listened for; None: it is not scored. Any thread; it may wait for a model's own server. Raises Refusal
    for a watch that this model cannot score, Unavailable while that is loaded or away."""
    engine = model.engine
    if setting.kind is Kind.TEXT:
        return None
    try:
        return words(setting, engine.single)
    except QuestionError as exc:
        told = str(exc) if model.called == USUAL else f"the model {model.called!r} cannot watch: {exc}"
        raise CannotBeScored(told, exc.param) from exc
    except EngineError as exc:
        raise as_refusal(exc) from exc
