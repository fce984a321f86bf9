"""A feature from outside: how often answers name some words. [tally] in askcam.toml, GET /v1/tally, `askcam tally`.

It refuses by raising a kind of refusal, and never by a status: askcam's one table has those."""

import json
import os
from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.server.answering.observing import Answered
from askcam.server.errors import NotFound
from askcam.server.feature import Feature, Given, Program, Section
from askcam.server.running import Running
from askcam.server.terminal.flags import URL, Url
from askcam.server.terminal.reach import reach
from askcam.server.terminal.words import Words
from askcam.server.wire.about import ALL_CAMERAS
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import JSON, Endpoint, Reply, Takes

told = Words(__name__)  # what it says to people: locales/en.json, zh.json and whichever others there are


@dataclass(frozen=True, slots=True)
class TallyConfig:
    """[tally]."""

    words: tuple[str, ...] = ("person",)


class Tally(msgspec.Struct, frozen=True):
    """What GET /v1/tally tells."""

    counts: dict[str, int]


class NotCounted(NotFound):
    """A 404 to who asks over HTTP, since it is a NotFound."""

    code = "not_counted"

    def __init__(self, word: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{word[:64]!r} is not counted; [tally] words are {', '.join(known)}", "word")


class TallyRunning(Running):
    """Its endpoint, and itself as an observer of answers."""

    def __init__(self, given: Given) -> None:
        self._words, self._counts = given.sections["tally"].words, Counter[str]()
        self.observers = (self,)
        self.endpoints = (
            Endpoint(
                method="GET",
                path="/v1/tally",
                handler=self._told,
                name="getTally",
                what="How often answers have named each word",
                takes=(Takes("word", "query", "only this one"),),
                replies={200: Reply("", {JSON: Tally})},
                about=ALL_CAMERAS,
                errors=(404,),
            ),
        )

    def traces(self, camera: str | None, may_be_kept: bool) -> bool:
        return False  # the text is enough

    def answered(self, answered: Answered) -> None:
        self._counts.update(word for word in self._words if word in answered.record.text.lower())

    async def _told(self, request: Request) -> Response:
        wanted = request.query_params.get("word")
        if wanted not in (None, *self._words):
            raise NotCounted(wanted, self._words)
        return json_response(Tally({word: self._counts[word] for word in self._words if wanted in (None, word)}))


def add_command(program: Program) -> None:
    @program.app.command(help=told("help.tally"))
    def tally(url: Url = URL) -> None:
        """How often answers of a running server have named each word."""
        found: dict[str, Any] = json.loads(reach(url, os.environ.get("ASKCAM_TOKEN"), None).request("/v1/tally"))
        for word, count in found["counts"].items():
            print(f"{word}: {count}")
        if not found["counts"]:
            print(told("tally.none"))


FEATURE = Feature(
    name="tally",
    sections={"tally": Section(lambda toml, env: toml.section(("tally",), TallyConfig), TallyConfig)},
    build=lambda core, given, others: TallyRunning(given),
    commands=add_command,
)
