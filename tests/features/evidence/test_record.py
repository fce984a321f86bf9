"""What is written of an answer, and the rules around it that need no disk."""

import hashlib
import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.evidence_cases import COMMON, case, frame, noise

from askcam.engine.question import Clip, Picture
from askcam.features.evidence.album import Keys, png, unpng
from askcam.features.evidence.case import Pens, written
from askcam.features.evidence.errors import Broken
from askcam.features.evidence.record import Evidence, PictureRef, decode, encode, runs, spread
from askcam.features.evidence.retention import EvidenceBounds
from askcam.server.storage.chain import START, link
from askcam.server.storage.folder import data_folder
from askcam.stream.frame import Pixels


def named(pixels: Pixels) -> PictureRef:
    return PictureRef(hashlib.sha256(pixels.tobytes()).hexdigest(), "png", pixels.shape[1], pixels.shape[0])


PENS = Pens(named, lambda data, width, height: PictureRef(hashlib.sha256(data).hexdigest(), "jpg", width, height))


def evidence() -> Evidence:
    clip = Clip((noise(50), noise(51)), 2.0)
    return written(case("ans_1", [frame(i) for i in range(4)], key=3, attached=[Picture(noise(9)), clip]), COMMON, PENS)


def test_a_record_is_read_as_it_was_written() -> None:
    assert decode(encode(evidence()), "ans_1") == evidence()


def test_a_record_names_all_its_pictures() -> None:
    found = evidence()
    assert len(found.pictures()) == 4 + 1 + 1 + 2
    assert found.key is not None
    assert (found.key.picture.kind, found.key.picture.width, found.key.picture.height) == ("jpg", 160, 90)
    assert found.view is not None
    assert [one.before_s for one in found.view.frames] == [1.5, 1.0, 0.5, 0.0]
    assert found.view.pairs == (0, 1)


def test_what_the_engine_carried_out_is_in_it() -> None:
    found = evidence()
    assert found.prompt == ((7, 1), (9, 256), (8, 1))
    assert (found.tokens, found.sampling.seed, found.tools_called) == ((4, 5, 6), 2**62 + 1, ())
    assert (found.model.digest, found.model.positions, found.versions.torch) == ("d" * 64, "trained", "2.14")


def test_a_record_of_another_format_or_none_at_all_is_refused_by_its_answer() -> None:
    later = msgspec.json.encode(msgspec.to_builtins(evidence()) | {"format": 2})
    for data in (later, b"{}", b"\xff", b"", encode(evidence())[:-1]):
        with pytest.raises(Broken, match="ans_1"):
            decode(data, "ans_1")


@given(st.lists(st.integers(0, 5)))
def test_runs_of_tokens_are_the_tokens(ids: list[int]) -> None:
    found = runs(ids)
    assert spread(found) == ids
    assert all(one[0] != other[0] for one, other in itertools.pairwise(found))


@given(st.integers(0, 100))
def test_a_png_holds_the_very_pixels(seed: int) -> None:
    pixels = noise(seed)
    assert np.array_equal(unpng(png(pixels), "?"), pixels)
    assert png(pixels) == png(pixels.copy())


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_pixels_are_found_again_by_their_hash_and_nothing_else_is(seeds: list[int]) -> None:
    keys = Keys()
    found = [keys.of(noise(seed)) for seed in seeds]  # arrays that are gone at once, and their addresses free again
    both = itertools.combinations(zip(found, seeds, strict=True), 2)
    assert all((one == other) == (a == b) for (one, a), (other, b) in both)
    wide, tall = np.zeros((4, 2, 3), np.uint8), np.zeros((2, 4, 3), np.uint8)
    assert keys.of(wide) == keys.of(wide) == Keys().of(wide.copy()) != keys.of(tall)
    assert keys.of(noise(1)[:, ::2]) == keys.of(noise(1)[:, ::2].copy())


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=8), st.data())
def test_every_earlier_byte_counts_in_the_chain(records: list[bytes], data: st.DataObject) -> None:
    def last(of: list[bytes]) -> str:
        found = START
        for each in of:
            found = link(found, each)
        return found

    at = data.draw(st.integers(0, len(records) - 1))
    changed = [*records[:at], records[at] + b"x", *records[at + 1 :]]
    without = records[:at] + records[at + 1 :]
    assert len({last(records), last(changed), last(without)}) == 3


def test_each_bound_alone_makes_the_oldest_go() -> None:
    bounds = EvidenceBounds(max_answers=10, max_bytes=100, max_days=1)
    assert not bounds.exceeded(10, 100, oldest=0.0, now=86_400.0)
    assert bounds.exceeded(11, 0, oldest=0.0, now=0.0)
    assert bounds.exceeded(1, 101, oldest=0.0, now=0.0)
    assert bounds.exceeded(1, 0, oldest=0.0, now=86_401.0)


@pytest.mark.parametrize(
    ("platform", "env", "folder"),
    [
        ("linux", {"HOME": "/h"}, "/h/.local/share/askcam/evidence"),
        ("linux", {"HOME": "/h", "XDG_DATA_HOME": "/data"}, "/data/askcam/evidence"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Application Support/askcam/evidence"),
        ("win32", {"LOCALAPPDATA": "/local", "USERPROFILE": "/u"}, "/local/askcam/evidence"),
    ],
)
def test_the_users_own_folder(platform: str, env: dict[str, str], folder: str) -> None:
    assert data_folder(env, platform) == Path(folder)
