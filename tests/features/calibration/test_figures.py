"""The figures of a calibration against slow ones that follow their definitions word by word."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.calibration.reliability import bins, brier, ece
from askcam.features.calibration.report import report
from askcam.server.judging.roc import auc, curve
from askcam.server.judging.samples import Sample, Samples
from askcam.server.judging.thresholds import APART, mirrored, precision_at, propose, recall_at

# Few values, so that ties are common; and the edges of bins.
PROBABILITIES = st.one_of(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.7, 0.9, 1.0]), st.floats(0, 1))
LISTED = st.lists(st.tuples(PROBABILITIES, st.booleans()), min_size=1, max_size=40)
Listed = list[tuple[float, bool]]


def samples(listed: Listed) -> Samples:
    return Samples.of(Sample(p, true, i) for i, (p, true) in enumerate(listed))


def both(listed: Listed) -> bool:
    return len({true for _, true in listed}) == 2


@given(LISTED)
def test_auc_is_how_often_a_true_moment_is_held_likelier_than_another(listed: Listed) -> None:
    true, false = ([p for p, was in listed if was is kind] for kind in (True, False))
    found = auc(samples(listed))
    if not both(listed):
        assert found is None
        return
    wins = [1.0 if one > other else 0.5 if one == other else 0.0 for one, other in itertools.product(true, false)]
    assert found == pytest.approx(sum(wins) / len(wins))


@given(LISTED)
def test_every_point_of_the_curve_is_what_its_threshold_does_and_its_area_is_the_auc(listed: Listed) -> None:
    points = curve(samples(listed))
    if not both(listed):
        assert points == ()
        return
    true, false = ([p for p, was in listed if was is kind] for kind in (True, False))
    for point in points:
        at = 2.0 if point.threshold is None else point.threshold
        assert point.true_positive_rate == pytest.approx(sum(p >= at for p in true) / len(true))
        assert point.false_positive_rate == pytest.approx(sum(p >= at for p in false) / len(false))
    ends = [(point.false_positive_rate, point.true_positive_rate) for point in (points[0], points[-1])]
    assert ends == [(0, 0), (1, 1)]
    area = sum(
        (b.false_positive_rate - a.false_positive_rate) * (a.true_positive_rate + b.true_positive_rate) / 2
        for a, b in itertools.pairwise(points)
    )
    assert area == pytest.approx(auc(samples(listed)))


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    listed = [((i * 7919 % 1000) / 1000, i % 3 == 0) for i in range(1000)]
    points = curve(samples(listed), most=50)
    assert len(points) <= 50
    assert (points[0].true_positive_rate, points[-1].true_positive_rate) == (0, 1)


@given(LISTED)
def test_bins_hold_every_moment_once_and_the_error_is_their_weighted_distance(listed: Listed) -> None:
    found = bins(samples(listed))
    assert sum(one.count for one in found) == len(listed)
    total = 0.0
    for i, one in enumerate(found):
        inside = [(p, true) for p, true in listed if (p >= i / 10 and p < (i + 1) / 10) or (i == 9 and p == 1)]
        near_edge = any(abs(p * 10 - round(p * 10)) < 1e-9 for p, _ in listed)
        if not near_edge:  # 0.7 * 10 is what a computer makes of it
            assert one.count == len(inside)
        if one.count:
            assert one.mean_probability is not None
            assert one.share_true is not None
            assert one.start - 1e-9 <= one.mean_probability <= one.end + 1e-9
            total += one.count * abs(one.mean_probability - one.share_true)
        else:
            assert one.mean_probability is one.share_true is None
    assert ece(samples(listed)) == pytest.approx(total / len(listed))


@given(LISTED)
def test_brier_is_the_mean_squared_distance(listed: Listed) -> None:
    assert brier(samples(listed)) == pytest.approx(sum((p - true) ** 2 for p, true in listed) / len(listed))


@given(LISTED, st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_no_threshold_that_is_precise_enough_finds_more_than_the_proposed_one(listed: Listed, wanted: float) -> None:
    found, given_ = propose(samples(listed), wanted), samples(listed)
    precise = {}
    for at in {p for p, _ in listed}:
        precision, recall = precision_at(given_, at), recall_at(given_, at)
        if precision is not None and recall and precision >= wanted:
            precise[at] = recall
    if not both(listed) or not precise:
        assert found is None
        return
    assert found is not None
    assert 0 <= found.off < found.on <= 1
    lowest = min(p for p, _ in listed if p > 0.05) if any(p > 0.05 for p, _ in listed) else 1
    if found.on > 0.05 and lowest > 0.05:
        recall = recall_at(given_, found.on)
        assert recall == pytest.approx(max(precise.values()))
        assert (precision_at(given_, found.on) or 0) >= wanted


def test_thresholds_stand_in_the_middle_of_a_gap_and_apart() -> None:
    apart = samples([(0.01, False), (0.2, False), (0.8, True), (0.99, True)])
    found = propose(apart)
    assert found is not None
    assert (found.on, found.off) == (pytest.approx(0.5), pytest.approx(0.5 - APART))
    mixed = propose(samples([(0.1, False), (0.3, True), (0.6, False), (0.8, True), (0.9, True)]), 1.0)
    assert mixed is not None
    assert (mixed.on, mixed.off) == (pytest.approx(0.7), pytest.approx(0.2))


def test_of_thresholds_that_find_as_many_the_most_precise_one_is_proposed() -> None:
    found = propose(samples([(0.1, False), (0.5, False), *[(0.9, True)] * 20]), 0.9)
    assert found is not None
    assert found.on == pytest.approx(0.7), "0.3 is precise enough, too, but calls something on that is not so"


@given(LISTED)
def test_a_mirror_shows_the_same_area(listed: Listed) -> None:
    if both(listed):
        near = {round(p, 9) for p, _ in listed} == {p for p, _ in listed}
        if near:  # 1 - p may make two into one
            assert auc(mirrored(samples(listed))) == pytest.approx(auc(samples(listed)), abs=1e-6)


def test_chance_is_reckoned_over_pieces_and_is_the_same_each_time() -> None:
    """Forty moments in four spans say less than forty in forty."""
    listed = [(0.9 if i % 10 < 7 else 0.2, i // 10 % 2 == 0) for i in range(40)]
    alone = report([Sample(p, true, i) for i, (p, true) in enumerate(listed)], 0, 0.6)
    alike = [Sample(0.9 if i % 4 < 2 else 0.3, i % 4 < 2 if i % 8 else False, i % 8) for i in range(80)]
    together = report(alike, 0, 0.6)
    apart = report([Sample(one.probability, one.true, i) for i, one in enumerate(alike)], 0, 0.6)
    low, high = together.intervals["ece"] or (0, 0)
    low_apart, high_apart = apart.intervals["ece"] or (0, 0)
    assert high - low > 1.3 * (high_apart - low_apart)
    assert alone.intervals == report([Sample(p, true, i) for i, (p, true) in enumerate(listed)], 0, 0.6).intervals


def test_few_moments_or_all_in_one_span_are_not_enough() -> None:
    def made(moments: int, pieces: int) -> list[Sample]:
        return [Sample(0.9 if i % 2 else 0.1, bool(i % 2), i % (2 * pieces)) for i in range(2 * moments)]

    assert report(made(30, 5), 0, 0.95).enough
    assert not report(made(29, 5), 0, 0.95).enough
    assert not report(made(100, 4), 0, 0.95).enough
    with pytest.raises(ValueError, match="not one reading"):
        report([], 7, 0.95)


def test_one_piece_alone_has_no_intervals() -> None:
    found = report([Sample(0.2, False, 1), Sample(0.9, True, 1)], 0, 0.95)
    assert set(found.intervals.values()) == {None}
