"""What frames bring is done in pieces, and comes to the same as in one."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from askcam.engine.interface import EngineConfig
from askcam.engine.live import passes
from askcam.engine.live.build import make_model
from askcam.engine.live.engine import LiveEngine
from askcam.engine.live.passes import cut
from askcam.engine.loading import Loaded
from askcam.engine.question import Message, Question, Role, Sampling, Text

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")


@pytest.mark.parametrize(
    ("count", "took_ms", "want"),
    [
        (8, 0.0, [range(8)]),
        (8, 4.0, [range(8)]),
        (8, 4.1, [range(4), range(4, 8)]),
        (7, 11.9, [range(2), range(2, 5), range(5, 7)]),
        (3, 1000.0, [range(1), range(1, 2), range(2, 3)]),
    ],
)
def test_pieces_cover_all_and_none_is_longer_than_wanted(count: int, took_ms: float, want: list[range]) -> None:
    assert list(cut(count, took_ms, 4.0)) == want


@pytest.mark.parametrize("kind", FAMILIES)
@torch.inference_mode()
def test_a_pair_encoded_in_pieces_is_the_pair(
    kind: str, sharp: Callable[[str], Loaded], view_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = sharp(kind)
    model = make_model(loaded, EngineConfig("tiny", kv_gb=0.01))
    pairs = view_of(3 * loaded.spec.factor, 2 * loaded.spec.factor, 2).pairs
    (want,) = model.encode(pairs)
    monkeypatch.setattr(passes, "PIECE_MS", 1e-9)  # as many pieces as there are blocks
    *most, got = model.encoding(pairs)
    assert most == [None] * (model.vision.num_blocks - 1)
    assert got is not None
    assert torch.equal(got.tokens[:1], want.tokens)
    assert len(got.extras) == len(want.extras) == model.vision.num_extras
    for ours, theirs in zip(got.extras, want.extras, strict=True):
        assert torch.equal(ours[:1], theirs)


def test_answers_are_exact_while_pairs_of_other_cameras_are_half_encoded(
    live: Callable[..., LiveEngine],
    stream_of: Any,
    oracle: Any,
    sharp: Callable[[str], Loaded],
    heard: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passes, "PIECE_MS", 1e-9)
    engine, want = live("qwen3_vl", max_pairs=6), oracle(sharp("qwen3_vl"))
    lobby, desk = stream_of(engine, "lobby", 2, 3), stream_of(engine, "desk", 4, 2)
    for turn in range(6):
        listeners = []
        for stream in (lobby, desk):
            stream.push(2)  # the engine begins to encode them, and is asked meanwhile
            sampling = Sampling(max_tokens=5, temperature=0)
            asked = Question((Message(Role.USER, (Text(f"Turn {turn}?"),)),), stream.name, sampling)
            listeners.append((asked, heard()))
            engine.ask(*listeners[-1])
        for asked, listener in listeners:
            want.check(asked, listener.wait())
        if turn == 3:
            desk.clear()
            desk.push(1)
