"""askcam watch calibrate as a user runs it: the built-in model on a recording and on drawings whose truth is known."""

import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from support.program import askcam
from support.scripted import Script, labels, record
from support.servers.askcam_server import LiveServer, live_server
from typer.testing import CliRunner

from askcam.app.program import app
from askcam.demo.builtin import model_path
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.features.calibration.labels import Label, Labels
from askcam.features.calibration.moments import about, of_drawings, of_recording, seeds_for
from askcam.features.calibration.plot import PlotError, check, draw
from askcam.features.calibration.readings import read
from askcam.features.calibration.report import report
from askcam.features.watches.setting import WatchSetting
from askcam.server.judging.samples import Sample
from askcam.stream.reel import Reel

SECONDS = 70.0
SCRIPT = Script(11, 1_700_000_000.0)
THING = SCRIPT.objects[0]
ALONE = ("--threads", "1")  # tests run on every core: to measure how many help takes longer than it spares
QUESTION = f"Is there {THING.a}? Answer yes or no."


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "desk.mp4"
    record(SCRIPT, path, SECONDS)
    path.with_suffix(".csv").write_text(labels(SCRIPT, 0, SECONDS))
    return path


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = open_engine(EngineConfig(str(model_path())))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(cameras=["desk=synthetic:3"]) as server:
        body = {"name": "thing", "question": QUESTION, "cameras": ["desk"], "every_s": 1.0}
        assert httpx.post(server.url + "/v1/watches", json=body, timeout=60).status_code == 201
        yield server


def made(*args: str) -> dict[str, Any]:
    done = askcam("watch", "calibrate", *args, "--json", *ALONE)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_labelled_recording_is_measured_drawn_and_kept_with_its_watch(
    film: Path, server: LiveServer, tmp_path: Path
) -> None:
    plot = tmp_path / "thing.png"
    known = ["--labels", str(film.with_suffix(".csv")), "--watch", "thing", "--camera", "desk", "--url", server.url]
    found = made(str(film), *known, "--plot", str(plot), "--save")
    assert found["samples"] == pytest.approx(SECONDS, abs=2), "every second, as the watch asks"
    there = sum(SCRIPT.there(0, SCRIPT.begin + second) for second in range(int(SECONDS)))
    assert found["positives"] == pytest.approx(there, abs=2)
    assert found["auc"] > 0.8
    assert sum(one["count"] for one in found["bins"]) == found["samples"]
    assert (found["watch"], found["camera"], found["question"]) == ("thing", "desk", QUESTION)
    assert (found["source"], found["model"]) == ("desk.mp4", "built-in")
    assert found["proposed"]["off"] < found["proposed"]["on"]
    assert not found["enough"]
    assert any("not enough to go by" in note for note in found["notes"])
    kept = httpx.get(server.url + "/v1/watches/thing/calibration", timeout=60)
    assert kept.json() == found
    with Image.open(plot) as picture:
        assert picture.width > 1.5 * picture.height, "two panels, side by side"
        assert len(set(picture.convert("RGB").resize((90, 43)).get_flattened_data())) > 20


def test_labels_that_say_the_contrary_make_a_watch_that_is_wrong(film: Path, tmp_path: Path) -> None:
    """So it is the truth of the labels that is measured against."""
    text = labels(SCRIPT, 0, 55)  # what has no label is not asked about: as long without the thing as with it, nearly
    path = tmp_path / "contrary.csv"
    path.write_text(text.replace("true", "x").replace("false", "true").replace("x", "false"))
    found = made(str(film), "--labels", str(path), "--question", QUESTION)
    assert found["auc"] < 0.2
    assert found["ece"] > 0.6
    assert found["proposed"] is None


def test_drawings_know_their_own_truth() -> None:
    found = made("synthetic:7000000", "--seeds", "12")
    assert (found["samples"], found["positives"]) == (24, 12)
    assert found["auc"] > 0.95
    assert found["ece"] < 0.1


def test_people_read_a_table_in_their_language() -> None:
    drawings = ["synthetic:5", "--seeds", "2", "--question", "有{object}吗？"]
    done = askcam("--lang", "zh", "watch", "calibrate", *drawings, *ALONE)
    assert done.returncode == 0, done.stderr
    assert "期望校准误差" in done.stdout
    assert "依据不足" in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["rtsp://127.0.0.1/x"], "neither a recording (a path) nor synthetic:SEED"),
        (["none.mp4", "--labels", "none.csv", "--question", "Is it?"], "none.mp4"),
        (["FILM", "--question", "Is it?"], "--labels FILE"),
        (["FILM", "--labels", "labels.csv"], "--watch NAME, or --question TEXT"),
        (["FILM", "--labels", "none.csv", "--question", "Is it?"], "there is no file of labels"),
        (["synthetic:1", "--labels", "labels.csv"], "leave --labels out"),
        (["synthetic:1", "--save"], "name one with --watch"),
        (["synthetic:1", "--watch", "door", "--question", "Is it?"], "leave --question"),
        (["synthetic:1", "--watch", "door", "--url", "http://127.0.0.1:9"], "127.0.0.1:9"),
        (["synthetic:1", "--plot", "plot.txt"], ".png, .svg, .pdf"),
        (["synthetic:1", "--plot", "none/plot.png"], "there is no folder none"),
        (["synthetic:1", "--question", "Is anybody at home?"], "about one drawn object"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(film: Path, args: list[str], said: str) -> None:
    named = [str(film) if one == "FILM" else one for one in args]
    done = CliRunner().invoke(app, ["watch", "calibrate", *named])
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_a_recordings_windows_are_a_cameras_and_labelled_by_their_newest_frame(film: Path, engine: Engine) -> None:
    spans = Labels([Label(0, 40, False), Label(40, 60, True)])
    with Reel(str(film)) as reel:
        moments = list(of_recording(reel, spans, QUESTION, engine, fps=2.0, every_s=2.0))
    times = [moment.at_s for moment in moments]
    assert 0 < times[0] < 1
    assert [b - a for a, b in pairwise(times)] == pytest.approx([2.0] * (len(times) - 1), abs=1.01)
    assert times[-1] > 57
    for moment in moments:
        assert moment.view.end_wall == moment.at_s
        assert not moment.view.provisional
        assert len(moment.view.pairs) <= engine.anchors.max_pairs
        assert moment.asked[0].true is (moment.at_s >= 40)
        assert moment.asked[0].piece == int(moment.at_s >= 40)
    assert max(len(moment.view.pairs) for moment in moments) >= engine.anchors.keep


def test_a_question_about_one_object_is_asked_of_scenes_with_it_and_without(engine: Engine) -> None:
    seeds = seeds_for("Is there an apple? Answer yes or no.", 0, 6)
    moments = list(of_drawings(seeds, "Is there an apple? Answer yes or no.", engine, 2.0))
    assert [moment.asked[0].true for moment in moments].count(True) == 3
    found = read(engine, moments, WatchSetting("Is there an apple? Answer yes or no.", ("a",)), lambda at, count: None)
    assert [one.probability > 0.5 for one in found.samples] == [one.true for one in found.samples]
    assert about("有苹果吗？").en == about("Is there a RED apple?").en.replace("an ", "")


def test_words_that_the_model_does_not_begin_with_are_no_samples(engine: Engine) -> None:
    question = "What color is the background behind the apple?"
    moments = of_drawings(seeds_for(question, 0, 4), question, engine, 2.0)
    found = read(engine, moments, WatchSetting(question, ("a",)), lambda at, count: None)
    assert (len(found.samples), found.blind) == (0, 4)


def test_without_matplotlib_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(PlotError, match=r'pip install "askcam\[plots\]"'):
        check(tmp_path / "plot.png")


def test_a_plot_of_little_or_of_one_kind_is_drawn_all_the_same(tmp_path: Path) -> None:
    for name, samples in (("one", [Sample(0.3, True, 0)]), ("two", [Sample(0.3, True, 0), Sample(0.3, False, 1)])):
        draw(report(samples, 0, 0.95), "有苹果吗？", tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 5000
    with pytest.raises(PlotError, match="cannot write"):
        draw(report([Sample(0.3, True, 0)], 0, 0.95), "Is it?", tmp_path / "none" / "plot.png")
