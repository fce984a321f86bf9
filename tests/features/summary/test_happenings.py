"""Overlapping reports, told once."""

from askcam.features.summary.happenings import Happenings, SceneReport, believable
from askcam.features.summary.prompts import PromptKind

CAME, WENT = PromptKind.APPEARED, PromptKind.DISAPPEARED


def told(*segments: list[SceneReport]) -> list[tuple[PromptKind, str, float]]:
    happenings = Happenings()
    for segment in segments:
        for report in segment:
            if happenings.known(report.kind, report.what):
                happenings.again(report.kind, report.what)
            else:
                happenings.add(report)
        happenings.next_segment()
    return [(one.kind, one.what, one.at_s) for one in happenings.found]


def report(kind: PromptKind, what: str, after_s: float, fits: bool = True) -> SceneReport:
    return SceneReport(kind, what, after_s, after_s + 2, fits)


def test_two_segments_that_report_the_same_tell_it_once() -> None:
    assert told([report(CAME, "A cat", 5)], [report(CAME, "the cat", 5)]) == [(CAME, "A cat", 6)]


def test_three_in_a_row_are_still_one() -> None:
    assert len(told(*[[report(CAME, "a cat", 5)]] * 3)) == 1


def test_the_same_after_a_segment_without_it_is_another() -> None:
    assert told([report(CAME, "a cat", 5)], [], [report(CAME, "a cat", 15)]) == [
        (CAME, "a cat", 6),
        (CAME, "a cat", 16),
    ]


def test_coming_and_going_are_two() -> None:
    assert told([report(CAME, "a cat", 1), report(WENT, "a cat", 4)]) == [(CAME, "a cat", 2), (WENT, "a cat", 5)]


def test_coming_and_going_at_one_moment_is_the_one_that_fits() -> None:
    assert told([report(CAME, "a cat", 4, fits=False), report(WENT, "a cat", 4)]) == [(WENT, "a cat", 5)]
    assert told([report(CAME, "a cat", 4), report(WENT, "a cat", 4, fits=False)]) == [(CAME, "a cat", 5)]


def test_another_name_at_the_same_moment_is_one_happening_under_the_name_that_fits() -> None:
    assert told([report(CAME, "an ant", 5, fits=False)], [report(CAME, "a butterfly", 5)]) == [(CAME, "a butterfly", 6)]
    assert told([report(CAME, "an ant", 5)], [report(CAME, "a butterfly", 5)]) == [(CAME, "an ant", 6)]


def test_two_at_one_moment_in_both_segments_stay_two() -> None:
    both = [report(CAME, "a cat", 5), report(CAME, "a dog", 5)]
    assert len(told(both, both)) == 2


def test_another_name_at_another_moment_is_another_happening() -> None:
    assert len(told([report(CAME, "a cat", 5)], [report(CAME, "a dog", 8)])) == 2


def test_they_come_in_order_of_time() -> None:
    assert [what for _, what, _ in told([report(CAME, "b", 9), report(WENT, "a", 3)])] == ["a", "b"]


def test_a_list_that_names_what_was_there_already_is_shortened() -> None:
    before, after = "I see a watermelon and a canoe.", "I see a goat, a watermelon and a canoe."
    assert believable(CAME, ["A goat", "a canoe"], before, after) == ["A goat"]
    assert believable(WENT, ["A cat", "a canoe"], "I see a cat and a canoe.", "I see a canoe.") == ["A cat"]


def test_one_thing_alone_is_believed() -> None:
    assert believable(CAME, ["a car"], "I see a car.", "I see two cars.") == ["a car"]
    assert believable(CAME, ["a car", "a bus"], "I see a car and a bus.", "") == ["a car", "a bus"]
