"""A question and what it sees become the inputs of generate(): messages, chat template, processor, positions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from askcam.engine.calls import TAGS
from askcam.engine.errors import QuestionError
from askcam.engine.families.positions import positions
from askcam.engine.families.spec import FamilySpec
from askcam.engine.interface import Positions
from askcam.engine.outside import Outside
from askcam.engine.question import Clip, Message, Part, Question, Role, Text
from askcam.engine.templates import ChatTemplate
from askcam.stream.fit import Fit, resize
from askcam.stream.frame import Pixels
from askcam.stream.window import View

try:
    from qwen_vl_utils import process_vision_info  # type: ignore[import-untyped, unused-ignore]
except ImportError:  # a GPU machine with little more than torch and transformers
    process_vision_info = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What generate() is called with, on the CPU."""

    inputs: Mapping[str, torch.Tensor]
    num_tokens: int
    num_vision_tokens: int
    seconds_per_pair: tuple[float, ...] = ()  # of each video


class Prompter:
    """Makes prompts for one model. Owned by the engine thread."""

    def __init__(self, processor: Any, spec: FamilySpec, rule: Positions, max_pairs: int) -> None:
        self._processor, self._spec, self._rule = processor, spec, rule
        self._max_frames = 2 * max_pairs
        self.template = ChatTemplate(processor)
        self._outside = Outside(processor.tokenizer, TAGS if self.template.tags_calls else ())

    def prompt(self, question: Question, view: View | None) -> Prompt:
        """Raises QuestionError when the question's parts cannot become a prompt of this model."""
        if view is not None:
            self._check_size(view)
        messages = self.messages(question, None if view is None else view.content())
        text = self.text(messages, question.tools, question.thinking)
        images, videos, metadata = read_vision(messages, self._spec.patch)
        # Every picture has the model's size already: nothing may resize or sample it again.
        inputs = self._processor(
            text=[text],
            images=images,
            videos=videos,
            video_metadata=metadata,
            do_resize=False,
            do_sample_frames=False,
            return_tensors="pt",
        )
        inputs = {name: value for name, value in inputs.items() if isinstance(value, torch.Tensor)}
        types = inputs["mm_token_type_ids"][0].numpy()
        seconds = tuple(2 / float(clip["fps"]) for clip in metadata or ())
        if self._rule == "trained":
            inputs["position_ids"] = self._positions(types, inputs, seconds)
        return Prompt(inputs, len(types), int(np.count_nonzero(types)), seconds)

    def text(self, messages: list[dict[str, Any]], tools: Sequence[Mapping[str, Any]], thinking: bool = False) -> str:
        """The conversation in the chat template's words, up to where the answer begins."""
        return self.template.text(messages, self._outside.written(tools), thinking=thinking)

    def num_words(self, question: Question) -> int:
        """How many tokens its words are, without what it sees. Any thread."""
        only = [replace(m, parts=tuple(p for p in m.parts if isinstance(p, Text))) for m in question.messages]
        text = self.text([self._message(message) for message in only], question.tools, question.thinking)
        return len(self._processor.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False))

    def messages(self, question: Question, video: dict[str, Any] | None) -> list[dict[str, Any]]:
        """The conversation as the chat template takes it; the camera's `video` comes first in the first user turn."""
        messages = [self._message(message) for message in question.messages]
        if video is not None:
            first = next((m for m in messages if m["role"] == Role.USER.value), None)
            if first is None:
                raise QuestionError("a question about a camera needs a user message", "messages")
            first["content"] = [video, *_as_parts(first["content"])]
        return messages

    def _message(self, message: Message) -> dict[str, Any]:
        out: dict[str, Any] = {"role": message.role.value}
        if all(isinstance(part, Text) for part in message.parts):  # plain strings suit every chat template
            out["content"] = self._outside.written("".join(p.text for p in message.parts if isinstance(p, Text)))
        else:
            out["content"] = [self._part(part) for part in _joined(message.parts)]
        if message.tool_calls:
            out["tool_calls"] = self._outside.written(self.template.calls(message.tool_calls))
        return out

    def _part(self, part: Part) -> dict[str, Any]:
        if isinstance(part, Text):
            return {"type": "text", "text": self._outside.written(part.text)}
        if isinstance(part, Clip):
            return self._clip(part)
        fit = _fit_or_refuse(self._spec.fit_still, part.pixels)
        return {
            "type": "image",
            "image": Image.fromarray(resize(part.pixels, fit)),
            "resized_height": fit.height,
            "resized_width": fit.width,
        }

    def _clip(self, clip: Clip) -> dict[str, Any]:
        if not clip.frames or clip.fps <= 0:
            raise QuestionError(
                f"a clip needs frames and a rate, not {len(clip.frames)} at {clip.fps:g} a second", "messages"
            )
        frames, fps = clip.frames, clip.fps
        if len({pixels.shape for pixels in frames}) > 1:
            raise QuestionError("the frames of a clip must be of one size", "messages")
        if len(frames) > self._max_frames:  # more than the model can take: evenly fewer, first and last among them
            keep = np.linspace(0, len(frames) - 1, self._max_frames).round().astype(int)
            fps *= self._max_frames / len(frames)
            frames = tuple(frames[i] for i in keep)
        fit = _fit_or_refuse(self._spec.fit_frame, frames[0])
        return {
            "type": "video",
            "video": [Image.fromarray(resize(pixels, fit)) for pixels in frames],
            "resized_height": fit.height,
            "resized_width": fit.width,
            "sample_fps": fps,
        }

    def _positions(
        self, types: np.ndarray[Any, Any], inputs: Mapping[str, torch.Tensor], seconds: Sequence[float]
    ) -> torch.Tensor:
        """(4, 1, tokens) as generate() takes and continues them: the plain count, then the three M-RoPE rows."""
        rows = positions(
            self._spec,
            self._rule,
            types,
            grids(inputs.get("image_grid_thw")),
            grids(inputs.get("video_grid_thw")),
            seconds,
        )
        return torch.from_numpy(np.concatenate((np.arange(len(types))[None], rows)))[:, None]

    def _check_size(self, view: View) -> None:
        factor, frame = self._spec.factor, view.newest
        assert frame.width % factor == frame.height % factor == 0, (
            f"camera {view.camera!r} hands over {frame.width}x{frame.height}: its frames must follow Engine.fit"
        )


def read_vision(
    messages: list[dict[str, Any]], patch: int
) -> tuple[list[Any] | None, list[Any] | None, list[dict[str, Any]] | None]:
    """The messages' images, videos and the videos' metadata, in order; None where there are none of a kind."""
    if process_vision_info is not None:
        # Half the patch size, since 0.0.14 rounds a clip's frames to twice the factor that it is told, and back: a
        # 252x168 frame would pass through 224x168. Ours have their size already, so a finer factor changes nothing.
        images, clips = process_vision_info(messages, image_patch_size=patch // 2, return_video_metadata=True)
    else:
        parts = [part for m in messages if isinstance(m["content"], list) for part in m["content"]]
        images = [part["image"] for part in parts if part["type"] == "image"]
        clips = [_read_clip(part) for part in parts if part["type"] == "video"]
    if not clips:
        return images or None, None, None
    return images or None, [clip for clip, _ in clips], [metadata for _, metadata in clips]


def _read_clip(part: Mapping[str, Any]) -> tuple[torch.Tensor, dict[str, Any]]:
    """As qwen_vl_utils reads a list of frames of the right size: (frames, 3, height, width) and its metadata."""
    frames = [np.asarray(image) for image in part["video"]]
    frames += frames[-1:] * (len(frames) % 2)
    video = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float()
    return video, {
        "fps": part["sample_fps"],
        "frames_indices": list(range(len(frames))),
        "total_num_frames": len(frames),
    }


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Texts that follow each other as one, since the template writes them without anything in between."""
    found: list[Part] = []
    for part in parts:
        if isinstance(part, Text) and found and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].text + part.text)
        else:
            found.append(part)
    return found


def _as_parts(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def grids(found: torch.Tensor | None) -> list[tuple[int, int, int]]:
    """A processor's (t, h, w) rows as plain numbers."""
    return [] if found is None else [(int(t), int(h), int(w)) for t, h, w in found.tolist()]


def _fit_or_refuse(rule: Any, pixels: Pixels) -> Fit:
    try:
        fit: Fit = rule(pixels.shape[1], pixels.shape[0])
    except ValueError as exc:
        raise QuestionError(str(exc), "messages") from exc
    return fit
