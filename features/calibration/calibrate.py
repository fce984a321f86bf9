"""askcam watch calibrate: how sure a watch is against how often it is right, on a labelled recording or on drawings."""

import contextlib
import dataclasses
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from askcam.client.calibration import Calibration
from askcam.client.http import Http
from askcam.client.watches import WatchEvent, WatchInfo
from askcam.engine.catalogue.catalogue import BUILT_IN
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.features.calibration import labels, plot, shown
from askcam.features.calibration.judged_events import SOURCE, judged_events, of_events
from askcam.features.calibration.kept import CALIBRATED
from askcam.features.calibration.moments import OBJECT, Moment, of_drawings, of_recording, seeds_for
from askcam.features.calibration.readings import read
from askcam.features.calibration.report import Report, report
from askcam.features.calibration.wire import About
from askcam.features.calibration.wire import told as as_told
from askcam.features.watches.setting import Kind, WatchSetting
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.progress import progress
from askcam.server.terminal.words import Words
from askcam.stream.reel import Reel
from askcam.stream.sources.registry import file_path, resolve

told = Words(__name__)

SYNTHETIC = re.compile(r"synthetic:(?://)?(\d{1,18})?")
ABOUT_ALL = f"Is there {OBJECT}? Answer yes or no."  # of synthetic cameras, where nobody says otherwise

Told = Callable[[float, int], None]
Bar = Callable[[float | None], contextlib.AbstractContextManager[Told]]


@dataclass(frozen=True, slots=True)
class CalibrationWish:
    """What the command line says."""

    source: str
    labels: Path | None
    watch: str | None
    from_file: Mapping[str, WatchSetting] | None  # where the watch stands; None: at the server
    question: str | None
    choices: tuple[str, ...]
    on_when: tuple[str, ...]
    camera: str | None
    every_s: float | None
    window_s: float | None  # of a question that is no watch's
    fps: float
    settle_s: float
    seeds: int
    precision: float
    plot: Path | None
    save: bool
    model: str | None  # as given; None: the built-in one, or the only one of a model server


def calibrate(wish: CalibrationWish, config: EngineConfig, http: Http, json: bool) -> None:
    """Progress goes to stderr, the report to stdout. Leaves with 2 for what the user can mend."""
    with leaving(ValueError):
        _check(wish)
        setting = _setting(wish, http)
        if wish.plot is not None:
            plot.check(wish.plot)
        found, source, model = _measured(wish, setting, config, http, json)
        about = About(wish.watch, wish.camera, setting.question, source, model)
        calibration = as_told(found, about, time.time())
        if json:
            say.line(msgspec.to_builtins(calibration))
        else:
            shown.show(found, about)
        if wish.plot is not None:
            plot.draw(found, setting.question, wish.plot)
        if wish.save:
            _save(calibration, http, json)


def _check(wish: CalibrationWish) -> None:
    """Raises ValueError and SourceError."""
    if wish.save and wish.watch is None:
        raise ValueError(told("calibrate.save"))
    if wish.watch is not None and (wish.question or wish.choices or wish.on_when or wish.window_s is not None):
        raise ValueError(told("calibrate.both"))
    if wish.source == SOURCE:
        if wish.watch is None:
            raise ValueError(told("calibrate.judged_watch"))
        if wish.labels is not None:
            raise ValueError(told("calibrate.judged_labels"))
        return
    drawn = SYNTHETIC.fullmatch(wish.source) is not None
    resolve(wish.source)  # what is not there
    if not drawn and file_path(wish.source) is None:
        raise ValueError(told("calibrate.source", source=wish.source))
    if drawn and wish.labels is not None:
        raise ValueError(told("calibrate.knows"))
    if drawn and wish.choices:
        raise ValueError(told("calibrate.drawn_choices"))
    if not drawn and wish.labels is None:
        raise ValueError(told("calibrate.labels"))
    if not drawn and wish.question is None and wish.watch is None:
        raise ValueError(told("calibrate.question"))


def _setting(wish: CalibrationWish, http: Http) -> WatchSetting:
    """What is asked. Raises AskcamError and ValueError."""
    if wish.watch is None:
        kind = Kind.CHOICE if wish.choices else Kind.YESNO
        question = ABOUT_ALL if wish.question is None else wish.question
        asked = WatchSetting(question, (wish.camera or "recording",), kind, wish.choices, wish.on_when)
        return asked if wish.window_s is None else dataclasses.replace(asked, window_s=wish.window_s)
    if wish.from_file is not None:
        setting = wish.from_file.get(wish.watch)
        if setting is None:
            known = ", ".join(wish.from_file) or "-"
            raise ValueError(told("calibrate.unknown", watch=repr(wish.watch), known=known))
    else:
        info = msgspec.json.decode(http.request(f"/v1/watches/{quote(wish.watch, safe='')}"), type=WatchInfo)
        said = {field.name: getattr(info, field.name) for field in dataclasses.fields(WatchSetting)}
        setting = msgspec.convert(said, WatchSetting)
    if setting.kind not in CALIBRATED:
        raise ValueError(told("calibrate.kind", watch=repr(wish.watch), kind=setting.kind.value))
    return setting


def _measured(
    wish: CalibrationWish, setting: WatchSetting, config: EngineConfig, http: Http, quiet: bool
) -> tuple[Report, str, str]:
    """The report, what it was of, and the model's name."""
    with contextlib.ExitStack() as stack:
        events = _judged(wish, setting, http)
        path, reel, spans = None if events else file_path(wish.source), None, None
        seeds = _seeds(wish, setting) if path is None and not events else []
        if path is not None and wish.labels is not None:
            spans = labels.read(wish.labels, setting)  # before a model is loaded
            reel = stack.enter_context(Reel(path))
        with progress(quiet) as bar:
            engine = open_engine(config, bar)
        stack.callback(engine.close)
        if reel is not None and spans is not None:
            every_s = setting.every_s if wish.every_s is None else wish.every_s
            moments = of_recording(
                reel, spans, setting.question, engine, fps=wish.fps, every_s=every_s, settle_s=wish.settle_s
            )
            source, total = Path(wish.source).name, reel.seconds
        elif events:
            moments, total = of_events(http, events, engine, wish.fps), float(len(events))
            source = told("calibrate.judged_source", events=len(events))
        else:
            moments, total = _drawn(seeds, setting, engine, wish.fps), float(len(seeds))
            source = f"synthetic:{seeds[0]} to {seeds[-1]}"
        with _bar(total, quiet) as show:
            found = read(engine, moments, setting, show)
        name = BUILT_IN if wish.model is None and engine.info.backend != "remote" else engine.info.id
        return report(found.samples, found.blind, wish.precision), source, name


def _judged(wish: CalibrationWish, setting: WatchSetting, http: Http) -> list[WatchEvent]:
    """Empty where something else is to be looked at. Raises AskcamError; ValueError where none is."""
    if wish.source != SOURCE or wish.watch is None:
        return []
    found = judged_events(http, wish.watch, setting.question)
    if not found:
        raise ValueError(told("calibrate.none_judged", watch=repr(wish.watch)))
    return found


def _seeds(wish: CalibrationWish, setting: WatchSetting) -> list[int]:
    match = SYNTHETIC.fullmatch(wish.source)
    assert match is not None, "checked before"
    return seeds_for(setting.question, int(match[1] or 0), wish.seeds)


def _drawn(seeds: list[int], setting: WatchSetting, engine: Engine, fps: float) -> Iterator[Moment]:
    """Of drawings, where how far it has come is how many seeds."""
    for number, moment in enumerate(of_drawings(seeds, setting.question, engine, fps), 1):
        yield dataclasses.replace(moment, at_s=float(number))


@contextlib.contextmanager
def _bar(total: float | None, quiet: bool) -> Iterator[Told]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[where]}"), TimeRemainingColumn())
    with Progress(*columns, console=say.errors, transient=True, disable=quiet) as bar:
        task = bar.add_task(told("calibrate.bar"), total=total, where="")

        def show(at: float, num_readings: int) -> None:
            bar.update(task, completed=at, where=told("calibrate.where", readings=num_readings))

        yield show


def _save(calibration: Calibration, http: Http, json: bool) -> None:
    assert calibration.watch is not None, "checked before"
    path = f"/v1/watches/{quote(calibration.watch, safe='')}/calibration"
    http.request(path, "PUT", msgspec.to_builtins(calibration))
    if not json:
        say.console.print(say.escape(told("calibrate.saved", watch=calibration.watch, url=http.address.http + path)))
