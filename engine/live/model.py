"""The model as the live engine uses it: frames in, tokens of pairs out; windows grow; rows run. One device."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from askcam.engine.live.kvpool import STEP, KVPool
from askcam.engine.live.language import Language
from askcam.engine.live.ops import Ops, append_batch
from askcam.engine.live.own_modules import PLAIN, OwnModules
from askcam.engine.live.passes import Passes, Plain
from askcam.engine.live.prep import Patcher
from askcam.engine.live.seam import Seam, Unit
from askcam.engine.live.statepool import OWN, Slot, StatePool
from askcam.engine.live.vision import EncodedPairs, Vision
from askcam.engine.live.windows import KVWindow
from askcam.engine.loading import Loaded
from askcam.engine.prompt import Prompt as StockPrompt
from askcam.engine.prompt import grids
from askcam.stream.frame import Frame
from askcam.stream.window import Pair

SEEN = (("pixel_values", "image_grid_thw"), ("pixel_values_videos", "video_grid_thw"))  # by mm_token_type_ids, from 1
PATCHES = 4096  # of pictures or pairs that go through the vision tower together


class LiveModel:
    """Owned by the engine thread. Tensors in, tensors out; who may have which rows is the pool's bookkeeping."""

    def __init__(
        self,
        loaded: Loaded,
        ops: Ops,
        pool_rows: int,
        states: StatePool | None = None,
        own: OwnModules = PLAIN,
    ) -> None:
        """`states`: the slots of a model that keeps states; `own`: modules that multiply by themselves."""
        self.own = own
        self._spec = loaded.spec
        self.language = Language(loaded.model, ops, interleaved=loaded.spec.interleaved)
        self.vision = Vision(loaded.model, loaded.spec.model_type)
        self._patcher = Patcher(
            loaded.processor.video_processor, loaded.spec.patch, loaded.spec.merge, loaded.device, self.vision.dtype
        )
        self.pool, self.states = KVPool(pool_rows), states or StatePool()
        # behind the pool: rows for what nobody reads
        self.language.allocate(self.pool.total_rows + STEP, self.states.num_slots + OWN)
        self.passes: Passes = Plain(self.language, self.vision)
        self.device = self.language.device
        self._any_size = Plain(self.language, self.vision)  # graphs are for cameras' sizes, which come again and again

    def encode(self, pairs: Sequence[Pair]) -> list[EncodedPairs]:
        """Pairs of one size through the vision tower."""
        *_, found = self.encoding(pairs)
        assert found is not None
        return [found.pair(i) for i in range(len(pairs))]

    def encoding(self, pairs: Sequence[Pair]) -> Iterator[EncodedPairs | None]:
        """The same piece by piece: None after each but the last. Between two of them anything else may run."""
        return self.passes.encode(self.patches(pairs), *self.patch_grid(pairs[0].first))

    def patches(self, pairs: Sequence[Pair]) -> Tensor:
        """Pairs of one size as the vision tower reads them, (P, N, values)."""
        return self._patcher([frame.pixels for pair in pairs for frame in (pair.first, pair.second)])

    def patch_grid(self, frame: Frame) -> tuple[int, int]:
        """Rows and columns of a frame's patches."""
        return frame.height // self._spec.patch, frame.width // self._spec.patch

    def embed_unit(self, unit: Unit, pair: EncodedPairs) -> tuple[Tensor, tuple[Tensor, ...]]:
        """A pair with the text around it: (rows, hidden), and deepstack extras of the same shape."""
        tokens, extras = pair.tokens[0], tuple(extra[0] for extra in pair.extras)
        if not unit.before and not unit.after:
            return tokens, extras
        parts = (self.language.embed(unit.before), tokens, self.language.embed(unit.after))
        padded = tuple(self._pad(extra, len(unit.before), len(unit.after)) for extra in extras)
        return torch.cat([part for part in parts if part.shape[0]]), padded

    def begin_window(self, start: int, head: Sequence[int], capacity: int, like: KVWindow | None) -> KVWindow:
        """A window that holds its head; what is known of that is copied from one with the same, if given. PoolFull."""
        held = self.pool.take(capacity)
        slots: list[Slot] = []
        try:
            slots.append(self.states.take() if like is None else self.states.hold(like.head))
            slots.append(self.states.take())
            if like is not None:
                self.language.copy_rows(like.held.base, held.base, len(head))
            else:
                positions = torch.arange(len(head), device=self.device).expand(3, -1)
                states = [(self.states.nothing.index, slots[0].index)]
                batch = append_batch([(held.base, 0)], len(head), self.device, states)
                self.language.append(self.language.embed(head), positions, batch)
            self.language.copy_states(slots[0].index, slots[1].index)
        except BaseException:
            self.pool.release(held)
            for slot in slots:
                self.states.release(slot)
            raise
        return KVWindow(start, held, slots[0], slots[1], [len(head)])

    def end_window(self, window: KVWindow) -> None:
        """Let go of it. Answers that read its keys and values hold these themselves, and its states as they were."""
        self.pool.release(window.held)
        self.states.release(window.head)
        self.states.release(window.state)

    def grow(self, windows: Sequence[KVWindow], seam: Seam, pair: EncodedPairs) -> Iterator[None]:
        """Append one pair to windows of one seam, whose next pair it is; together where they grow by equal lengths.

        Between two steps of the iterator answers may run. A growth that is given up half way has changed nothing.
        """
        by_length: dict[int, list[KVWindow]] = {}
        for window in windows:
            by_length.setdefault(seam.unit(window.num_pairs).length, []).append(window)
        for length, group in by_length.items():
            yield from self._grow(group, seam, pair, length)

    def _grow(self, group: Sequence[KVWindow], seam: Seam, pair: EncodedPairs, length: int) -> Iterator[None]:
        """Those that grow by `length` tokens. Their states are written elsewhere, and theirs when all is done."""
        units = [seam.unit(window.num_pairs) for window in group]
        rows = [self.embed_unit(unit, pair) for unit in units]
        x = torch.cat([found for found, _ in rows])
        extras = tuple(torch.cat(parts) for parts in zip(*(extra for _, extra in rows), strict=True))
        positions = torch.cat([torch.from_numpy(unit.positions) for unit in units], 1).to(self.device)
        spares: list[Slot] = []
        try:
            for _ in group:
                spares.append(self.states.take(growing=True))
            slots = [(window.state.index, spare.index) for window, spare in zip(group, spares, strict=True)]
            places = [(window.held.base, window.length) for window in group]
            batch = append_batch(places, length, self.device, slots)
            *most, last = self.passes.layer_ranges(len(group), length)
            for layers in most:
                self.passes.append(x, positions, batch, extras, layers)
                yield
            self.passes.append(x, positions, batch, extras, last)
            for i, window in enumerate(group):
                window.ends.append(window.length + length)
                window.state, spares[i] = spares[i], window.state
        finally:  # given up half way, too
            for spare in spares:
                self.states.release(spare)
        yield

    def embedding(self, prompt: StockPrompt) -> Iterator[tuple[Tensor, tuple[Tensor, ...]] | None]:
        """A stock prompt's tokens with its pictures and clips in place, and deepstack extras of the same shape.

        Piece by piece: None after each but the last. Between two of them anything else may run.
        """
        ids, types = prompt.inputs["input_ids"][0].to(self.device), prompt.inputs["mm_token_type_ids"][0]
        x = self.language.embed(ids)
        seen = any(pixels in prompt.inputs for pixels, _ in SEEN)
        extras = tuple(torch.zeros_like(x) for _ in range(self.vision.num_extras)) if seen else ()
        for kind, (pixels, grid) in enumerate(SEEN, start=1):
            if pixels not in prompt.inputs:
                continue
            where = (types == kind).nonzero()[:, 0].to(self.device)
            values, done = prompt.inputs[pixels], 0
            for patches, rows, columns in self._pieces(values, grids(prompt.inputs[grid])):
                steps = self._any_size.encode(patches, rows, columns)
                yield None
                while (found := next(steps)) is None:
                    yield None
                here = where[done : done + found.tokens.shape[0] * found.tokens.shape[1]]
                done += len(here)
                x[here] = found.tokens.flatten(0, 1).to(x.dtype)
                for extra, feature in zip(extras, found.extras, strict=True):
                    extra[here] = feature.flatten(0, 1).to(x.dtype)
        yield x, extras

    def _pieces(self, values: Tensor, sizes: Sequence[tuple[int, int, int]]) -> Iterator[tuple[Tensor, int, int]]:
        """Patches of all pictures and clips (patches, values), cut into as many pairs as the device is well used by:
        (P, N, values) with rows and columns. A picture is a pair of itself."""
        start = 0
        for num_pairs, rows, columns in sizes:
            size = rows * columns
            at_once = max(1, PATCHES // size) if self.device.type == "cuda" else 1
            for pairs in range(0, num_pairs, at_once):
                count = min(at_once, num_pairs - pairs)
                piece = values[start : start + count * size].to(self.device, self.vision.dtype)
                yield piece.view(count, size, -1), rows, columns
                start += count * size

    @staticmethod
    def _pad(extra: Tensor, before: int, after: int) -> Tensor:
        return torch.nn.functional.pad(extra, (0, 0, before, after))
