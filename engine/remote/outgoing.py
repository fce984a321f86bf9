"""What a question and what it sees become on their way out: pictures made to fit and encoded, then a request's body."""

import json
from collections.abc import Sequence

import numpy as np

from askcam.engine.base import fitted
from askcam.engine.errors import QuestionError
from askcam.engine.families.spec import FamilySpec
from askcam.engine.interface import Pictures
from askcam.engine.question import Clip, Picture, Question, Usage
from askcam.engine.remote.dialects import Dialect, Shape
from askcam.engine.remote.encoding import Encoder
from askcam.engine.remote.wire import Body, Part, request, sampled, video_or_pictures
from askcam.stream.fit import resize
from askcam.stream.frame import Pixels
from askcam.stream.window import Pair, View


class Outgoing:
    """Of one model. Any thread."""

    def __init__(
        self, spec: FamilySpec, dialect: Dialect, model: str, max_pairs: int, pictures: Pictures = "jpeg"
    ) -> None:
        self._spec, self._dialect, self._model, self._max_pairs = spec, dialect, model, max_pairs
        self.encoder = Encoder(pictures)

    @property
    def keeps_pictures(self) -> bool:
        """Whether a window's frames are sent as pictures, which can be made before anybody asks."""
        return self.shape(2 * self._max_pairs) is not Shape.MP4

    def shape(self, num_frames: int) -> Shape:
        """How a window or clip of so many frames goes. Raises QuestionError for too many."""
        return self._dialect.shape(num_frames)

    def check(self, question: Question) -> None:
        """Raises QuestionError for what the server would leave out without a word."""
        sampled(question.sampling, self._dialect)
        if question.sampling.response_format is not None:
            self._dialect.check_form(question.sampling.response_format)

    def encode_ahead(self, pair: Pair) -> None:
        """Make the pictures of a new pair."""
        for frame in (pair.first, pair.second):
            self.encoder.picture(frame.pixels)
        self.encoder.forget()

    def posted(self, question: Question, view: View | None) -> tuple[bytes, Usage]:
        """The body of a streamed request, and the tokens that its pictures are, by the family's own rule. Raises
        QuestionError."""
        body = request(question, self._window(view), self._shown, self._dialect, self._model)
        return json.dumps(body).encode(), Usage(vision_tokens=self.vision_tokens(question, view))

    def scored(self, question: Question, view: View | None) -> Body:
        """The body of a request for the first token. Raises QuestionError."""
        return request(question, self._window(view), self._shown, self._dialect, self._model, words=False)

    def _window(self, view: View | None) -> list[Part]:
        return [] if view is None else self._video([frame.pixels for frame in view.frames], view.fps)

    def _video(self, frames: Sequence[Pixels], fps: float) -> list[Part]:
        shape = self.shape(len(frames))
        return video_or_pictures(self.encoder.urls(frames, fps, shape), shape)

    def _shown(self, part: Picture | Clip) -> list[Part]:
        if isinstance(part, Clip):
            return self._video(*self._fitted_clip(part))
        height, width = part.pixels.shape[:2]
        pixels = resize(part.pixels, fitted(self._spec.fit_still, width, height))
        return video_or_pictures(self.encoder.urls([pixels], 1.0, Shape.IMAGES), Shape.IMAGES)

    def _fitted_clip(self, clip: Clip) -> tuple[list[Pixels], float]:
        """At most as many frames as a window has, evenly chosen, of the model's size; and their rate."""
        frames, fps, most = clip.frames, clip.fps, 2 * self._max_pairs
        if not frames or fps <= 0 or len({pixels.shape for pixels in frames}) > 1:
            raise QuestionError("a clip needs frames of one size and a rate", "messages")
        if len(frames) > most:
            fps *= most / len(frames)
            frames = tuple(frames[i] for i in np.linspace(0, len(frames) - 1, most).round().astype(int))
        height, width = frames[0].shape[:2]
        fit = fitted(self._spec.fit_frame, width, height)
        return [resize(pixels, fit) for pixels in frames], fps

    def vision_tokens(self, question: Question, view: View | None) -> int:
        """That its frames, pictures and clips are, by the family's own rule."""
        found = 0 if view is None else self._of_video(view.newest.width, view.newest.height, len(view.frames))
        for message in question.messages:
            for part in message.parts:
                if isinstance(part, Picture):
                    fit = fitted(self._spec.fit_still, part.pixels.shape[1], part.pixels.shape[0])
                    found += self._spec.num_tokens(fit.width, fit.height)
                elif isinstance(part, Clip):
                    fit = fitted(self._spec.fit_frame, part.frames[0].shape[1], part.frames[0].shape[0])
                    num_frames = min(len(part.frames), 2 * self._max_pairs)
                    found += self._of_video(fit.width, fit.height, num_frames)
        return found

    def _of_video(self, width: int, height: int, num_frames: int) -> int:
        seen = num_frames if self.shape(num_frames) is Shape.IMAGES else (num_frames + 1) // 2
        return seen * self._spec.num_tokens(width, height)
