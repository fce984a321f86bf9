"""What was measured of models, kept: found again, bounded, and never in anybody's way."""

import json
from pathlib import Path

import pytest

from askcam.app.measured import MOST, MeasuredModels, MeasuredRun, measured_file
from askcam.engine.catalogue.advice import MeasuredModel

RUN = MeasuredRun("a laptop, 4 cores", "nobody/tiny", "float32", "live")
SLOW = MeasuredModel(2.5, 0.7, 120_000)


def test_what_was_measured_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "measured.json"
    MeasuredModels(path).note(RUN, MeasuredModel(9.0, None, 1))
    MeasuredModels(path).note(RUN, SLOW)
    assert MeasuredModels(path).of(RUN) == SLOW
    assert len(json.loads(path.read_text())) == 1
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "other",
    [("b", "nobody/tiny", "float32"), (RUN.machine, "x/y", "float32"), (RUN.machine, "nobody/tiny", "bfloat16")],
)
def test_another_machine_model_or_dtype_is_another_thing(tmp_path: Path, other: tuple[str, str, str]) -> None:
    known = MeasuredModels(tmp_path / "measured.json")
    known.note(RUN, SLOW)
    assert known.of(MeasuredRun(*other, "live")) is None


def test_the_oldest_go(tmp_path: Path) -> None:
    known = MeasuredModels(tmp_path / "measured.json")
    for number in range(MOST + 5):
        known.note(MeasuredRun("m", f"model/{number}", "float32", "live"), SLOW)
    assert len(json.loads((tmp_path / "measured.json").read_text())) == MOST
    assert known.of(MeasuredRun("m", "model/4", "float32", "live")) is None
    assert known.of(MeasuredRun("m", "model/5", "float32", "live")) == SLOW


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"run": {}}]', "[" * 100_000])
def test_a_broken_file_counts_as_empty_and_is_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "measured.json"
    path.write_text(text)
    assert MeasuredModels(path).of(RUN) is None
    MeasuredModels(path).note(RUN, SLOW)
    assert MeasuredModels(path).of(RUN) == SLOW


def test_a_place_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    known = MeasuredModels(tmp_path / "file" / "measured.json")
    known.note(RUN, SLOW)
    assert known.of(RUN) is None


def test_where_it_lies(tmp_path: Path) -> None:
    assert measured_file({"HOME": "/h/ada"}, "linux") == Path("/h/ada/.cache/askcam/measured.json")
    assert measured_file({"XDG_CACHE_HOME": str(tmp_path)}, "linux") == tmp_path / "askcam" / "measured.json"
    assert measured_file({"HOME": "/u/ada"}, "darwin") == Path("/u/ada/Library/Caches/askcam/measured.json")
