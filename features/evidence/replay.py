"""askcam replay: have recorded answers given again by the portable backend, or check that records are whole."""

import contextlib
import queue
from pathlib import Path
from typing import Any

from askcam.engine.errors import ModelError
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.engine.question import Event, Failed, Finished, First, Trace
from askcam.features.evidence.again import Comparison, RecordedWindow, compare, engine_config, question_of
from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.record import Evidence, Versions
from askcam.features.evidence.verify import verify as verify_folder
from askcam.server.terminal import say
from askcam.server.terminal.leaving import amiss, leaving
from askcam.server.terminal.progress import progress
from askcam.server.terminal.words import Words
from askcam.server.terminal.words import told as general

told = Words(__name__)


def verify(folder: Path, json: bool) -> None:
    """Leaves with 1 when something is not as it was written, with 2 when there is nothing that can be read."""
    with leaving():
        verdict = verify_folder(folder)
    for found in verdict.findings:
        what = found.answer_id or told("replay.chain")
        if json:
            say.line({"answer_id": found.answer_id, "finding": found.text})
        else:
            say.console.print(f"[red]{general('bad')}[/] [bold]{say.escape(what)}[/]: {say.escape(found.text)}")
    whole = not verdict.findings
    if json:
        counts = {"answers": verdict.num_answers, "pictures": verdict.num_pictures}
        say.line({"whole": whole, **counts, "findings": len(verdict.findings), "last": verdict.last})
    else:
        mark = f"[green]{told('replay.whole')}[/]" if whole else f"[red]{told('replay.not_whole')}[/]"
        counts = {"answers": verdict.num_answers, "pictures": verdict.num_pictures}
        say.console.print(f"{mark}: {told('replay.counted', **counts, last=verdict.last)}")
    if not whole:
        amiss()


def replay(folder: Path, ids: list[str] | None, again: "Again", json: bool) -> None:
    """Answer again what is recorded in `folder`; `ids` None: all of it. Leaves with 0 when all tokens are the same, 1
    when some are not, 2 for what the user can mend. What a model server answered is left out: neither its dtype and
    template nor what it read is known."""
    archive, same = EvidenceArchive(folder), True
    with leaving(), contextlib.closing(again):
        for answer_id in archive.ids() if ids is None else ids:
            evidence = archive.get(answer_id)
            if evidence.model.backend == "remote":
                _tell_not_comparable(evidence, json)
                continue
            found = again.give(evidence, archive)
            _tell(evidence, found, json)
            same &= found.same
    if not same:
        amiss()


class Again:
    """The portable engine, opened anew only where a record wants another model or other settings."""

    def __init__(self, model: str | None, built_in: str, device: str | None, threads: int | None, json: bool) -> None:
        """`model`: to be used instead of the recorded ones. `built_in`: where that one lies. `json`: shows no bar."""
        self._model, self._built_in, self._device, self._threads = model, built_in, device, threads
        self._json = json
        self._config: EngineConfig | None = None
        self._engine: Engine | None = None
        self._here = Versions.here()

    def give(self, evidence: Evidence, archive: EvidenceArchive) -> Comparison:
        """Raises EvidenceError and EngineError."""
        question = question_of(evidence, archive.album)
        window = None if evidence.view is None else RecordedWindow(evidence.view, archive.album)
        engine = self._open(evidence)
        if window is not None:
            engine.attach(window)
        try:
            events: queue.SimpleQueue[Event] = queue.SimpleQueue()
            engine.ask(question, events.put)
            trace: Trace | None = None
            while not isinstance(event := events.get(), Finished | Failed):
                if isinstance(event, First):
                    trace = event.trace
        finally:
            if window is not None:
                engine.detach(window.name)
        if isinstance(event, Failed):
            raise event.error
        assert trace is not None, "the question wants it"
        return compare(evidence, trace, event, engine.info, self._here)

    def _open(self, evidence: Evidence) -> Engine:
        model = self._model or evidence.model.asked or self._built_in
        config = engine_config(evidence, model, self._device, self._threads)
        if self._engine is None or config != self._config:
            self.close()
            try:
                with progress(self._json) as bar:
                    self._engine, self._config = open_engine(config, bar), config
            except ModelError as exc:
                raise ModelError(f"the model of answer {evidence.id} cannot be opened: {exc} (--model)") from exc
        return self._engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None


def _tell_not_comparable(evidence: Evidence, json: bool) -> None:
    where, name = evidence.model.device, evidence.model.id
    if json:
        say.line({"answer_id": evidence.id, "camera": evidence.camera, "backend": "remote", "same": None, "at": where})
    else:
        text = told("replay.not_comparable", name=name, where=where)
        say.console.print(f"[bold]{evidence.id}[/]: {say.escape(text)}")


def _tell(evidence: Evidence, found: Comparison, json: bool) -> None:
    if json:
        row: dict[str, Any] = {"answer_id": evidence.id, "camera": evidence.camera, "backend": evidence.model.backend}
        row |= {"same": found.same, "tokens": found.num_tokens, "first_difference": found.first}
        row |= {"recorded": found.recorded, "replayed": found.replayed, "differences": list(found.differences)}
        say.line(row)
        return
    head = f"[bold]{evidence.id}[/]: "
    if found.same:
        about = told("replay.tokens", tokens=found.num_tokens, text=found.recorded)
        say.console.print(f"{head}[green]{told('replay.same')}[/], {say.escape(about)}")
    else:
        where = told("replay.from", first=found.first, tokens=found.num_tokens)
        say.console.print(f"{head}[red]{told('replay.different')}[/] {where}")
        say.console.print(f"  {say.escape(told('replay.recorded', text=found.recorded))}")
        say.console.print(f"  {say.escape(told('replay.instead', text=found.replayed))}")
    for difference in found.differences:
        say.console.print(f"  [yellow]{general('note')}[/] {say.escape(difference)}")
