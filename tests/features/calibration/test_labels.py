"""Labels as people write them: read, or refused with the file, the place and the remedy."""

from pathlib import Path

import pytest

from askcam.features.calibration.labels import Label, LabelError, Labels, read
from askcam.features.watches.setting import Kind, WatchSetting

DOOR = WatchSetting("Is the door open?", ("a",))
LIGHT = WatchSetting("Which light?", ("a",), Kind.CHOICE, ("Red", "Green"), ("Red",))


def written(tmp_path: Path, text: str, name: str = "labels.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_in_any_order_with_clock_times_and_other_columns(tmp_path: Path) -> None:
    text = "\ufeffWho, Start, End, Label\nana, 1:02:03.5, 1:02:10, yes\nbo, 0, 0:12, FALSE\nana, 12, 61.5, 是\n"
    assert read(written(tmp_path, text), DOOR).spans == (
        Label(0, 12, False),
        Label(12, 61.5, True),
        Label(3723.5, 3730, True),
    )


@pytest.mark.parametrize(
    "text", ['[{"start": 1, "end": 2, "label": %s}]', '{"labels": [{"start": 1, "end": 2, "label": %s}]}']
)
def test_json_as_a_list_or_beside_other_things(tmp_path: Path, text: str) -> None:
    assert read(written(tmp_path, text % "true", "a.json"), DOOR).spans == (Label(1, 2, True),)
    assert read(written(tmp_path, text % '"Green"', "b.json"), LIGHT).spans == (Label(1, 2, False),)
    assert read(written(tmp_path, text % '"Red"', "b.json"), LIGHT).spans == (Label(1, 2, True),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "start,end,label"),
        ("start,end\n1,2", ":1: the first line"),
        ("start,end,label\n", "not one label"),
        ("start,end,label\n1,2,true\n5,4,true", ":3: end 4 s is not after start 5 s"),
        ("start,end,label\n1,2,maybe", "'maybe' must be true or false"),
        ("start,end,label\nsoon,2,true", ":2: start is 'soon'; write seconds (12.5) or 1:02:03"),
        ("start,end,label\n-1,2,true", "start is '-1'"),
        ("start,end,label\nnan,2,true", "start is 'nan'"),
        ("start,end,label\n1,inf,true", "end is 'inf'"),
        ("start,end,label\n1,,true", "end is ''"),
        ("start,end,label\n1,3,true\n2,4,false", "the span from 2 s begins before the one from 1 s has ended"),
    ],
)
def test_a_bad_table_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LabelError) as caught:
        read(written(tmp_path, text), DOOR)
    assert said in str(caught.value)
    assert "labels.csv" in str(caught.value)


@pytest.mark.parametrize("text", ["{", "3", '{"spans": []}', "[3]", '[{"start": 1}]', "[" * 5000])
def test_bad_json_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(LabelError, match=r"a\.json"):
        read(written(tmp_path, text, "a.json"), DOOR)


def test_a_word_that_is_no_choice_and_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="'Blue' is none of the watch's choices: Red, Green"):
        read(written(tmp_path, "start,end,label\n1,2,Blue"), LIGHT)
    with pytest.raises(LabelError, match="there is no file of labels"):
        read(tmp_path / "none.csv", DOOR)
    with pytest.raises(LabelError, match="cannot read"):
        read(tmp_path, DOOR)
    (tmp_path / "latin.csv").write_bytes(b"start,end,label\n1,2,\xe9")
    with pytest.raises(LabelError, match="not UTF-8"):
        read(tmp_path / "latin.csv", DOOR)


def test_a_moment_has_its_spans_label_once_it_has_settled() -> None:
    labels = Labels([Label(20, 30, True), Label(0, 10, False), Label(10, 20, False)])
    assert [labels.at(at) for at in (0, 9.9, 10, 19.9, 20, 29.9, 30)] == [
        *((0, False), (0, False), (1, False), (1, False), (2, True), (2, True), None)
    ]
    assert [labels.at(at, settle_s=3) for at in (0, 10, 20, 22.9, 23)] == [
        *((0, False), (1, False), None, None, (2, True))
    ]
