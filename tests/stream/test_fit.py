import numpy as np

from askcam.stream.fit import Fit, as_is, resize


def picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)


def test_as_is_changes_nothing() -> None:
    pixels = picture(64, 48)
    assert np.array_equal(resize(pixels, as_is(64, 48)), pixels)


def test_a_stretch_fills_the_canvas() -> None:
    fit = Fit.stretch(64, 48, 28, 56)
    assert resize(picture(64, 48), fit).shape == (56, 28, 3)
    assert not fit.padded
    assert not fit.cropped(64, 48)


def test_padding_is_black_and_around_the_middle() -> None:
    pixels = np.full((40, 20, 3), 200, np.uint8)
    out = resize(pixels, Fit(40, 40, (0, 0, 20, 40), 20, 40))
    assert out.shape == (40, 40, 3)
    assert (out[:, 10:30] == 200).all()
    assert not out[:, :10].any()
    assert not out[:, 30:].any()


def test_a_crop_takes_its_part_only() -> None:
    pixels = picture(64, 48)
    fit = Fit(16, 16, (8, 4, 16, 16), 16, 16)
    assert fit.cropped(64, 48)
    assert np.array_equal(resize(pixels, fit), pixels[4:20, 8:24])


def test_shrinking_averages_so_that_fine_detail_does_not_flicker() -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    pixels = np.repeat(board[:, :, None], 3, axis=2).astype(np.uint8)
    out = resize(pixels, Fit.stretch(64, 64, 16, 16))
    assert out.min() >= 126
    assert out.max() <= 129
