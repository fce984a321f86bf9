"""The model as the live engine uses it: frames in, tokens of pairs out; windows grow; rows run. One device."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from askcam.engine.live.kvpool import STEP, KVPool
from askcam.engine.live.language import Language
from askcam.engine.live.ops import Ops, append_batch
from askcam.engine.live.passes import Passes, Plain
from askcam.engine.live.prep import Patcher
from askcam.engine.live.seam import Seam, Unit
from askcam.engine.live.vision import Encoded, Vision
from askcam.engine.live.windows import KVWindow
from askcam.engine.loading import Loaded
from askcam.engine.prompt import Prompt as StockPrompt
from askcam.stream.frame import Frame
from askcam.stream.window import Pair


class Model:
    """Owned by the engine thread. Tensors in, tensors out; who may have which rows is the pool's bookkeeping."""

    def __init__(self, loaded: Loaded, ops: Ops, pool_rows: int) -> None:
        kind = loaded.spec.model_type
        self._model, self._spec = loaded.model, loaded.spec
        self.language = Language(loaded.model, ops, interleaved=kind == "qwen3_vl")
        self.vision = Vision(loaded.model, kind)
        self._patcher = Patcher(
            loaded.processor.video_processor, loaded.spec.patch, loaded.spec.merge, loaded.device, self.vision.dtype
        )
        self.pool = KVPool(pool_rows)
        self.language.allocate(self.pool.total_rows + STEP)  # behind the pool: rows for what nobody reads
        self.passes: Passes = Plain(self.language, self.vision)
        self.device = self.language.device

    def encode(self, pairs: Sequence[Pair]) -> list[Encoded]:
        """Pairs of one size through the vision tower."""
        *_, found = self.encoding(pairs)
        assert found is not None
        return [found.pair(i) for i in range(len(pairs))]

    def encoding(self, pairs: Sequence[Pair]) -> Iterator[Encoded | None]:
        """The same piece by piece: None after each but the last. Between two of them anything else may run."""
        return self.passes.encode(self.patches(pairs), *self.patch_grid(pairs[0].first))

    def patches(self, pairs: Sequence[Pair]) -> Tensor:
        """Pairs of one size as the vision tower reads them, (P, N, values)."""
        return self._patcher([frame.pixels for pair in pairs for frame in (pair.first, pair.second)])

    def patch_grid(self, frame: Frame) -> tuple[int, int]:
        """Rows and columns of a frame's patches."""
        return frame.height // self._spec.patch, frame.width // self._spec.patch

    def embed_unit(self, unit: Unit, pair: Encoded) -> tuple[Tensor, tuple[Tensor, ...]]:
        """A pair with the text around it: (rows, hidden), and deepstack extras of the same shape."""
        tokens, extras = pair.tokens[0], tuple(extra[0] for extra in pair.extras)
        if not unit.before and not unit.after:
            return tokens, extras
        parts = (self.language.embed(unit.before), tokens, self.language.embed(unit.after))
        padded = tuple(self._pad(extra, len(unit.before), len(unit.after)) for extra in extras)
        return torch.cat([part for part in parts if part.shape[0]]), padded

    def begin_window(self, start: int, head: Sequence[int], capacity: int, like: KVWindow | None) -> KVWindow:
        """A window that holds its head; the keys and values are copied from one with the same, if given. PoolFull."""
        window = KVWindow(start, self.pool.take(capacity), [len(head)])
        try:
            if like is not None:
                self.language.copy_rows(like.held.base, window.held.base, len(head))
            else:
                positions = torch.arange(len(head), device=self.device).expand(3, -1)
                batch = append_batch([(window.held.base, 0)], len(head), self.device)
                self.language.append(self.language.embed(head), positions, batch)
        except BaseException:
            self.pool.release(window.held)
            raise
        return window

    def grow(self, windows: Sequence[KVWindow], seam: Seam, pair: Encoded) -> Iterator[None]:
        """Append one pair to windows of one seam, whose next pair it is; together where they grow by equal lengths.

        Between two steps of the iterator answers may run. A growth that is given up half way has changed nothing.
        """
        by_length: dict[int, list[KVWindow]] = {}
        for window in windows:
            by_length.setdefault(seam.unit(window.num_pairs).length, []).append(window)
        for length, group in by_length.items():
            units = [seam.unit(window.num_pairs) for window in group]
            rows = [self.embed_unit(unit, pair) for unit in units]
            x = torch.cat([found for found, _ in rows])
            extras = tuple(torch.cat(parts) for parts in zip(*(extra for _, extra in rows), strict=True))
            positions = torch.cat([torch.from_numpy(unit.positions) for unit in units], 1).to(self.device)
            batch = append_batch([(window.held.base, window.length) for window in group], length, self.device)
            *most, last = self.passes.layer_ranges(len(group), length)
            for layers in most:
                self.passes.append(x, positions, batch, extras, layers)
                yield
            self.passes.append(x, positions, batch, extras, last)
            for window in group:
                window.ends.append(window.length + length)
            yield

    def embed_whole(self, prompt: StockPrompt) -> tuple[Tensor, tuple[Tensor, ...]]:
        """A stock prompt's tokens with its pictures and clips in place, and deepstack extras of the same shape."""
        ids, types = prompt.inputs["input_ids"][0].to(self.device), prompt.inputs["mm_token_type_ids"][0]
        x = self.language.embed(ids)
        extras: tuple[Tensor, ...] = ()
        for kind, (pixels, grid, encode) in enumerate(
            (
                ("pixel_values", "image_grid_thw", self._model.model.get_image_features),
                ("pixel_values_videos", "video_grid_thw", self._model.model.get_video_features),
            ),
            start=1,
        ):
            if pixels not in prompt.inputs:
                continue
            values = prompt.inputs[pixels].to(self.device, self.vision.dtype)
            found = encode(values, prompt.inputs[grid].to(self.device))
            where = (types == kind).nonzero()[:, 0].to(self.device)
            x[where] = torch.cat(tuple(found.pooler_output)).to(x.dtype)
            deep = getattr(found, "deepstack_features", None) or ()
            if not extras:
                extras = tuple(torch.zeros_like(x) for _ in deep)
            for extra, feature in zip(extras, deep, strict=True):
                extra[where] = (torch.cat(tuple(feature)) if isinstance(feature, tuple | list) else feature).to(x.dtype)
        return x, extras

    @staticmethod
    def _pad(extra: Tensor, before: int, after: int) -> Tensor:
        return torch.nn.functional.pad(extra, (0, 0, before, after))
