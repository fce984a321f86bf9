"""askcam summarize: a video file, or some time of a camera, walked in segments and told in few words."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from askcam.engine.catalogue.catalogue import BUILT_IN
from askcam.engine.errors import UnknownScene
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.features.summary.plan import SummaryPlan, make_plan
from askcam.features.summary.prompts import Prompts, prompts_in
from askcam.features.summary.segments import SEGMENT, of_camera, of_file
from askcam.features.summary.summary import Summary, clock
from askcam.features.summary.walker import Walk, walk
from askcam.features.summary.writing import Format, write
from askcam.server.terminal import say, words
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.progress import progress
from askcam.server.terminal.reasons import at_once
from askcam.server.terminal.words import Words
from askcam.stream.camera import Camera, CameraConfig
from askcam.stream.reel import Reel
from askcam.stream.sources.base import SourceSpec
from askcam.stream.sources.registry import file_path, resolve

told = Words(__name__)

SECONDS = 60.0  # of a camera, when nobody says how long

Told = Callable[[float, int], None]


@dataclass(frozen=True, slots=True)
class SummaryWish:
    """What the command line says."""

    source: str
    form: str  # a summary.writing.Format
    out: Path | None
    seconds: float | None  # of a camera
    fps: float | None
    segment_s: float | None
    language: str
    question: str | None  # instead of the one about what is to be seen
    model: str | None  # as given; None: the built-in one, or the only one of a model server


def summarize(wish: SummaryWish, config: EngineConfig) -> None:
    """Progress goes to stderr, the summary to stdout or into a file. Leaves with 2 for what the user can mend."""
    prompts = prompts_in(wish.language, wish.question)
    with leaving(ValueError, worded=at_once):
        form = _form(wish.form)
        _check_out(wish.out)
        summary = _made(wish, config, prompts)
    _give(write(summary, prompts, form), wish.out)


def _made(wish: SummaryWish, config: EngineConfig, prompts: Prompts) -> Summary:
    try:
        spec, path = resolve(wish.source), file_path(wish.source)
        if path is not None:
            if wish.seconds is not None:
                raise ValueError(told("summarize.for"))
            with Reel(path):
                pass  # what is no video is refused before a model is loaded
        begun = time.monotonic()
        with _engine(config) as engine:
            plan = make_plan(engine.anchors.max_pairs, wish.fps, wish.segment_s)
            if path is not None:
                found = _file(path, engine, plan, prompts)
            else:
                spec = resolve(wish.source, plan.fps)  # one that is polled is, as often as it is looked at
                found = _camera(spec, engine, plan, prompts, wish.seconds or SECONDS)
            return _summary(wish, spec, engine, plan, found, time.monotonic() - begun, live=path is None)
    except UnknownScene as exc:
        say.fail(told("summarize.unknown_scene", other=exc.other))


def _file(path: str, engine: Engine, plan: SummaryPlan, prompts: Prompts) -> Walk:
    with Reel(path) as reel, _bar(reel.seconds) as show:
        found = walk(engine, of_file(reel, plan, engine.fit), prompts, show)
    if reel.undecodable:
        damaged = told("summarize.damaged", count=reel.undecodable)
        say.errors.print(f"[yellow]{words.told('note')}[/] {damaged}")
    return found


def _camera(spec: SourceSpec, engine: Engine, plan: SummaryPlan, prompts: Prompts, seconds: float) -> Walk:
    config = CameraConfig(fps=plan.fps)
    with (
        Camera(SEGMENT, spec, fit=engine.fit, anchors=plan.anchors, config=config) as camera,
        _bar(seconds) as show,
    ):
        return walk(engine, of_camera(camera, plan, seconds), prompts, show)


@contextlib.contextmanager
def _engine(config: EngineConfig) -> Iterator[Engine]:
    with progress(False) as bar:
        engine = open_engine(config, bar)
    try:
        yield engine
    finally:
        engine.close()


@contextlib.contextmanager
def _bar(total_s: float | None) -> Iterator[Told]:
    """How far the walk has come, of `total_s` seconds where that is known."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[where]}"), TimeRemainingColumn())
    of = "" if total_s is None else f" / {clock(total_s)}"
    with Progress(*columns, console=say.errors, transient=True) as bar:
        task = bar.add_task(told("summarize.bar"), total=total_s, where="")

        def show(end_s: float, num_happenings: int) -> None:
            where = told("summarize.where", where=f"{clock(end_s)}{of}", events=num_happenings)
            bar.update(task, completed=end_s, where=where)

        yield show


def _summary(
    wish: SummaryWish, spec: SourceSpec, engine: Engine, plan: SummaryPlan, found: Walk, took_s: float, live: bool
) -> Summary:
    return Summary(
        source=spec.label,
        seconds=found.seconds,
        started=found.started if live else None,
        model=BUILT_IN if wish.model is None and engine.info.backend != "remote" else engine.info.id,
        note=engine.info.note,
        language=wish.language,
        fps=plan.fps,
        segment_s=plan.segment_s,
        num_segments=found.num_segments,
        happenings=found.happenings,
        scenes=found.scenes,
        gaps=found.gaps,
        took_s=took_s,
    )


def _form(name: str) -> Format:
    try:
        return Format(name)
    except ValueError:
        raise ValueError(told("summarize.format", given=name, known=", ".join(Format))) from None


def _check_out(path: Path | None) -> None:
    """Before hours of work, not after them. Raises ValueError."""
    if path is None:
        return
    if path.is_dir():
        raise ValueError(told("summarize.out_folder", path=path))
    if not path.parent.is_dir():
        raise ValueError(told("summarize.no_folder", path=path, folder=path.parent))
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError(told("summarize.not_allowed", path=path))


def _give(text: str, path: Path | None) -> None:
    if path is None:
        say.console.out(text, end="", highlight=False)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        say.console.out(text, end="", highlight=False)  # rather here than nowhere
        say.fail(told("summarize.unwritten", path=path, why=exc.strerror))
