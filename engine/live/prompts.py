"""A question about a camera as a head, a window and a rest; any other question as one run of tokens.

A window's head is everything up to its first pair: the system prompt, tools, and turns before the first user text.
Questions with the same head share their camera's windows.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from askcam.engine.errors import QuestionError
from askcam.engine.families.positions import positions
from askcam.engine.interface import Positions
from askcam.engine.live.seam import Ints, Seam
from askcam.engine.loading import Loaded
from askcam.engine.prompt import Prompt, Prompter, grids
from askcam.engine.question import Clip, Message, Question, Role, Text
from askcam.stream.window import View

START, PAD, END = "<|vision_start|>", "<|video_pad|>", "<|vision_end|>"
MAX_KEPT = 64  # tokenized heads and time stamps that are kept

Head = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """A question's own tokens, around the window's."""

    head: Head
    rest: tuple[int, ...]


class LivePrompter:
    """Makes prompts for one model. Owned by the engine thread."""

    def __init__(self, loaded: Loaded, rule: Positions) -> None:
        self._tokenizer, self._spec, self._rule = loaded.processor.tokenizer, loaded.spec, rule
        self._stock = Prompter(loaded.processor, loaded.spec, rule, loaded.info.max_pairs)
        self._stamped = loaded.spec.stamped_pairs
        self._cut = START + PAD + END
        self._ends = self._ids(END) if self._stamped else ()
        self._kept: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._wrapped = self._stamped and self._wraps()
        self.pad = int(self._tokenizer.convert_tokens_to_ids(PAD))

    @property
    def clocked(self) -> bool:
        """Whether the model reads the rate at which frames were sampled."""
        return self._stamped or self._spec.tokens_per_second is not None

    def default_head(self) -> Head:
        """That of a question without system prompt, tools or earlier turns."""
        return self.split(Question((Message(Role.USER, (Text("?"),)),))).head

    def splits(self, question: Question) -> bool:
        """Whether the question can be asked of a window: text only, apart from its camera."""
        return question.camera is not None and question.plain

    def split(self, question: Question) -> Split:
        """Raises QuestionError when the parts cannot become a prompt."""
        messages = self._stock.messages(question, video={"type": "video"})
        text = self._stock.text(messages, question.tools, question.thinking)
        before, found, after = text.partition(self._cut)
        if not found:
            raise QuestionError("the model's chat template has no place for a camera's window", "messages")
        if self._stamped and not self._wrapped:  # start and end come with every pair, behind its stamp
            return Split(self._keep(before), self._ids(after))
        return Split(self._keep(before + START), self._ids(END + after))

    def seam(self, head: Head, shape: tuple[int, int, float]) -> Seam:
        """How windows with this head grow by pairs of this (height, width, fps)."""
        height, width, fps = shape
        factor = self._spec.factor
        assert height % factor == width % factor == 0, f"{width}x{height}: frames must follow Engine.fit"
        grid = (height // factor, width // factor)
        return Seam(self._spec, self._rule, len(head), grid, fps, self._stamp, self._ends)

    def whole(self, question: Question, view: View | None) -> tuple[Prompt, Ints]:
        """The stock prompt with everything in it, and the positions of its tokens (3, tokens)."""
        prompt = self._stock.prompt(question, view)
        types = prompt.inputs["mm_token_type_ids"][0].numpy()
        found = positions(
            self._spec,
            self._rule,
            types,
            grids(prompt.inputs.get("image_grid_thw")),
            grids(prompt.inputs.get("video_grid_thw")),
            prompt.seconds_per_pair,
        )
        return prompt, found

    def prompt_ids(self, split: Split, seam: Seam, num_pairs: int) -> torch.Tensor:
        """What stock code would call the input ids, of a window of so many pairs: (1, tokens)."""
        runs: list[Ints] = [np.array(split.head, np.int64)]
        for number in range(num_pairs):
            unit = seam.unit(number)
            runs += [
                np.array(unit.before, np.int64),
                np.full(unit.num_tokens, self.pad),
                np.array(unit.after, np.int64),
            ]
        return torch.from_numpy(np.concatenate([*runs, np.array(split.rest, np.int64)]))[None]

    def _wraps(self) -> bool:
        """Whether all stamped pairs stand between one more start and end token: transformers' releases differ."""
        factor = self._spec.factor
        grey = np.full((2 * factor, 2 * factor, 3), 128, np.uint8)
        asked = Question((Message(Role.USER, (Clip((grey, grey), 2.0), Text("?"))),))
        ids = self._stock.prompt(asked, None).inputs["input_ids"][0].tolist()
        return int(ids.count(self._ids(START)[0])) == 2

    def _stamp(self, seconds: float) -> tuple[int, ...]:
        return self._keep(f"<{seconds:.1f} seconds>{START}")

    def _keep(self, text: str) -> tuple[int, ...]:
        if text not in self._kept:
            self._kept[text] = self._ids(text)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(text)
        return self._kept[text]

    def _ids(self, text: str) -> tuple[int, ...]:
        found: Sequence[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return tuple(found)
