"""A summary in its three forms."""

import json

from askcam.features.summary.happenings import Happening
from askcam.features.summary.prompts import PromptKind, prompts_in
from askcam.features.summary.scenes import Scenes, SceneSpan, SummaryScene
from askcam.features.summary.summary import Summary, clock, in_short
from askcam.features.summary.writing import Format, write

SUMMARY = Summary(
    source="clips/door_1.mp4",
    seconds=750.4,
    started=None,
    model="model",
    note="knows drawings",
    language="en",
    fps=2.0,
    segment_s=7.0,
    num_segments=2,
    happenings=(
        Happening(PromptKind.APPEARED, "An apple", 749.0, 750.5),
        Happening(PromptKind.DISAPPEARED, "the | drum", 749.5, 751.0),
    ),
    scenes=(SummaryScene(SceneSpan(0, 700), "I see a drum."), SummaryScene(SceneSpan(700, 750.4), "I see\nan apple.")),
    gaps=(),
    took_s=1.0,
)


def test_text() -> None:
    assert write(SUMMARY, prompts_in("en"), Format.TEXT) == (
        "clips/door_1.mp4 · 00:12:30 · model\n"
        "At first: I see a drum.\n"
        "At the end: I see\nan apple.\n"
        "Appeared: 1. Disappeared: 1.\n"
        "\n"
        "What happened\n"
        "  00:12:30  an apple appeared\n"
        "  00:12:30  the | drum disappeared\n"
        "\n"
        "What was to be seen\n"
        "  00:00:00 - 00:11:40  I see a drum.\n"
        "  00:11:40 - 00:12:30  I see an apple.\n"
        "\n"
        "knows drawings\n"
    )


def test_markdown_takes_nothing_of_the_models_words_for_its_own() -> None:
    lines = write(SUMMARY, prompts_in("en"), Format.MD).splitlines()
    assert lines[0] == r"# clips/door\_1.mp4"
    assert r"- **00:12:30** the \| drum disappeared" in lines
    assert "| 00:11:40 - 00:12:30 | I see an apple. |" in lines


def test_json_has_every_number() -> None:
    told = json.loads(write(SUMMARY, prompts_in("zh"), Format.JSON))
    assert told["events"][0] == {
        "at": "00:12:30",
        "at_s": 749.75,
        "after_s": 749.0,
        "by_s": 750.5,
        "kind": "appeared",
        "what": "An apple",
        "text": "an apple出现了",
    }
    assert told["scenes"][1] == {"start_s": 700, "end_s": 750.4, "text": "I see\nan apple."}
    assert told["started"] is None


def test_what_was_not_looked_at_is_said() -> None:
    scenes = Scenes()
    scenes.add(SceneSpan(0, 7), "I see a drum.")
    scenes.add(SceneSpan(4, 11), "I see a drum")
    scenes.add(SceneSpan(20, 27), "I see a drum.")
    assert [(scene.span.start_s, scene.span.end_s) for scene in scenes.found] == [(0, 11), (20, 27)]
    assert scenes.gaps == [SceneSpan(11, 20)]
    from dataclasses import replace

    gappy = replace(SUMMARY, scenes=scenes.found, gaps=tuple(scenes.gaps))
    assert list(in_short(gappy, prompts_in("en")))[-1] == "Not looked at: 00:00:11-00:00:20."


def test_another_scene_begins_where_the_one_before_ends() -> None:
    scenes = Scenes()
    scenes.add(SceneSpan(0, 7), "I see a drum.")
    scenes.add(SceneSpan(4, 11), "I see a cat.")
    assert [(scene.span.start_s, scene.span.end_s) for scene in scenes.found] == [(0, 7), (7, 11)]


def test_a_still_video_says_so() -> None:
    from dataclasses import replace

    still = replace(SUMMARY, happenings=(), scenes=SUMMARY.scenes[:1])
    assert list(in_short(still, prompts_in("en"))) == [
        "All the time: I see a drum.",
        "Nothing appeared or disappeared.",
    ]


def test_clock() -> None:
    assert [clock(s) for s in (0, 59.6, 3599, 86399, 360000)] == [
        *("00:00:00", "00:01:00", "00:59:59", "23:59:59", "100:00:00")
    ]


def test_a_language_that_has_no_questions_of_its_own_is_asked_for() -> None:
    french = prompts_in("fr")
    assert french.scene == "What do you see? Answer in fr."
    assert "Nothing" in french.happened[PromptKind.APPEARED]
    assert prompts_in("zh-CN") == prompts_in("zh")
    assert prompts_in("en_US") == prompts_in("en")
