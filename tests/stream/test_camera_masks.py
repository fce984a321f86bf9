"""A camera whose picture is masked in part: what its windows hold, and what becomes of them when the masks change."""

import threading
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from support.hands import PATIENT, Hands, StillPicture, camera
from support.polygons import SQUARE
from support.waiting import until

from askcam.stream.camera import Camera
from askcam.stream.fit import Fit, as_is, resize
from askcam.stream.frame import Frame, Pixels
from askcam.stream.masks import GREY, Masks
from askcam.stream.polygons import Polygon
from askcam.stream.window import Anchors
from askcam.stream.zone_fit import zone_rule
from askcam.stream.zones import Zone

CORNER: Polygon = ((0.0, 0.0), (0.24, 0.0), (0.24, 0.24), (0.0, 0.24))
MASKED = replace(PATIENT, masks=(SQUARE,))


def at(seconds: float, value: int = 200, **size: int) -> StillPicture:
    return StillPicture(value, mono=1000 + seconds, wall=5000 + seconds, **size)


def hidden(frame: Frame) -> bool:
    """Whether the middle is grey, and the corner is not."""
    height, width = frame.pixels.shape[:2]
    return bool((frame.pixels[height // 2, width // 2] == GREY).all() and (frame.pixels[0, 0] != GREY).any())


def given(hands: Hands, lobby: Camera, *pictures: StillPicture) -> None:
    before = lobby.status().decoded
    until(lambda: hands.made, "the source to be opened")
    hands.made[0].give(*pictures)
    until(lambda: lobby.status().decoded == before + len(pictures), "all pictures")


def test_all_that_comes_from_a_masked_camera_is_masked() -> None:
    hands = Hands()
    with camera(hands.spec, MASKED, lambda w, h: Fit.stretch(w, h, 28, 28)) as lobby:
        given(hands, lobby, *(at(k / 8) for k in range(5)))
        view, shot = lobby.look(), lobby.shot()
        assert shot is not None
        frames = [*view.frames, lobby.newest(), shot.full(), shot.fitted(as_is)]
        assert all(map(hidden, frames))
        assert lobby.masks
        sampled = lobby.window()
        assert sampled is not None
        assert all(map(hidden, sampled.frames))


def test_masks_follow_the_picture_when_its_size_changes() -> None:
    hands = Hands()
    with camera(hands.spec, MASKED) as lobby:
        for number, (width, height) in enumerate([(64, 48), (48, 64), (1, 9), (9, 1), (1, 1), (640, 360)]):
            given(hands, lobby, at(number, width=width, height=height))
            newest = lobby.newest().pixels
            assert newest.shape == (height, width, 3)
            assert (newest[height // 2, width // 2] == GREY).all()


def test_other_masks_empty_all_windows_and_hold_for_the_newest_picture_at_once() -> None:
    hands = Hands()
    with camera(hands.spec, MASKED) as lobby:
        other = lobby.window_for(lambda w, h: Fit.stretch(w, h, 28, 28), Anchors(2, 2))
        zone = lobby.window_for(zone_rule(as_is, Zone(CORNER)), Anchors(2, 2), called="lobby/door")
        told: list[bool] = []
        lobby.on_pair(lambda: told.append(True))
        given(hands, lobby, *(at(k / 8) for k in range(8)))
        windows = (lobby.own_window, other, zone)
        assert all(window.peek() is not None for window in windows)
        before, pairs = lobby.look(), len(told)
        lobby.mask(Masks((CORNER,)))
        assert all(window.sampled_view() is None for window in windows)
        assert len(told) > pairs, "the engine does not hear that the window was emptied"
        after = lobby.look()
        assert after.epoch > before.epoch
        assert len(after.pairs) == 1
        assert (after.newest.pixels[0, 0] == GREY).all()
        assert (after.newest.pixels[24, 32] == 200).all()
        assert (lobby.newest().pixels[0, 0] == GREY).all()
        assert (zone.look().newest.pixels[:5, :5] == GREY).all()
        lobby.mask(Masks())
        assert not lobby.masks
        assert (lobby.newest().pixels == 200).all()


@dataclass(slots=True, eq=False)
class SlowPicture(StillPicture):
    """One whose conversion waits until it may go on."""

    may: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)

    def rgb(self, fit: Fit | None = None) -> Pixels:
        self.begun.set()
        assert self.may.wait(60)
        pixels = np.full((self.height, self.width, 3), self.value, np.uint8)
        return pixels if fit is None else resize(pixels, fit)


@pytest.mark.parametrize("of", ["the reader", "a question", "a snapshot"])
def test_a_picture_that_was_being_made_while_the_masks_changed_is_seen_by_nobody(of: str) -> None:
    hands, slow = Hands(), SlowPicture(200, mono=1000.0, wall=5000.0)
    config = replace(PATIENT, fps=0.05)
    with camera(hands.spec, config) as lobby:
        if of != "the reader":  # whose own look is over: the next one is not due
            given(hands, lobby, at(0))
            slow.mono += 1
        until(lambda: hands.made, "the source to be opened")
        hands.made[0].give(slow)
        if of != "the reader":
            until(lambda: lobby.status().decoded == 2, "the picture")
        seen: list[Frame] = []
        look = (lambda: lobby.look().newest) if of == "a question" else lobby.newest
        asker = threading.Thread(target=lambda: seen.append(look()))
        if of != "the reader":
            asker.start()
        assert slow.begun.wait(60)
        lobby.mask(Masks((SQUARE,)))
        slow.may.set()
        if of == "the reader":
            until(lambda: lobby.status().dropped.get("masks"), "the reader to let it go")
            assert lobby.window() is None
            return
        asker.join(60)
        assert hidden(seen[0])


def test_a_zone_under_a_mask_stays_masked_and_one_beside_it_is_cut_out_once() -> None:
    hands = Hands()
    picture = at(0)
    with camera(hands.spec, MASKED) as lobby:
        under = lobby.window_for(zone_rule(as_is, Zone(SQUARE)), Anchors(2, 2), called="lobby/middle")
        beside = lobby.window_for(zone_rule(as_is, Zone(CORNER)), Anchors(2, 2), called="lobby/corner")
        given(hands, lobby, picture)
        assert hidden(under.look().newest)
        assert under.look().newest.part == pytest.approx((0.2, 0.2, 0.8, 0.8), abs=0.04)
        assert under.look().camera == "lobby/middle"
        assert beside.look().newest.part is not None
        assert picture.converted == 1, "the whole picture is made once for all that is cut out of it"


def test_zones_of_an_unmasked_camera_are_cut_out_of_one_picture() -> None:
    hands = Hands()
    picture = at(0)
    with camera(hands.spec, PATIENT, lambda w, h: Fit.stretch(w, h, 28, 28)) as lobby:
        zones = [lobby.window_for(zone_rule(as_is, Zone(each)), Anchors(2, 2)) for each in (SQUARE, CORNER)]
        given(hands, lobby, picture)
        assert all((zone.look().newest.pixels == 200).all() for zone in zones)
        lobby.newest()
        assert picture.converted == 2, "the whole once, and the fitted one"
