"""GET /words: what the pages say, in the language that their reader prefers. Open to all, as the pages are."""

import re
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from askcam.client.protocol import PageLanguage, PageWords
from askcam.server.http.page import HEADERS, web_folder
from askcam.server.language.catalogue import FOLDER, SOURCE, languages, meant, own_words, words_in
from askcam.server.language.sentences import server_rows
from askcam.server.wire.about import NO_CAMERA
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import JSON, Endpoint, Reply, Takes

MAX_CHARS = 1000  # of `prefer` that are looked at
TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")  # of BCP 47, near enough for what browsers throw at


def endpoints() -> list[Endpoint]:
    """All languages are read now, so that a file which cannot be read is told at the start. Raises LocaleError."""
    there = languages(web_folder() / FOLDER)
    for language in there:
        page_words(language)

    async def words(request: Request) -> Response:
        preferred = request.query_params.get("prefer", "")[:MAX_CHARS].split(",")
        found = (meant(name, there) for name in preferred)
        return json_response(page_words(next(filter(None, found), SOURCE)), headers=HEADERS)

    return [
        Endpoint(
            method="GET",
            path="/words",
            handler=words,
            name="getWords",
            what="What the pages say, in one of their languages",
            replies={200: Reply("", {JSON: PageWords})},
            about=NO_CAMERA,
            role=None,
            takes=(Takes("prefer", "query", "languages with commas between them, the best first; else it is English"),),
            tag="page",
        )
    ]


@cache
def page_words(language: str) -> PageWords:
    """All that the pages need for it, of every page. Raises LocaleError."""
    own = own_words(web_folder() / FOLDER, language)
    tag = _tag(own.get("language.tag"), language.replace("_", "-"))
    words = {
        key: text for folder in sorted(web_folder().rglob(FOLDER)) for key, text in words_in(folder, language).items()
    }
    return PageWords(
        language=language,
        tag=tag,
        dates=_tag(own.get("language.dates"), tag),
        languages=[_named(each) for each in languages(web_folder() / FOLDER)],
        words=words,
        sentences=[(pattern.replace("(?P<", "(?<"), text) for pattern, text in server_rows(language)],
    )


def _named(language: str) -> PageLanguage:
    """By its own words, which its readers know."""
    own = own_words(web_folder() / FOLDER, language)
    name = own.get("language.name") or language
    return PageLanguage(
        language=language,
        name=name,
        short=own.get("language.short") or name,
        switch=own.get("language.switch") or name,
    )


def _tag(given: str | None, otherwise: str) -> str:
    return next((tag for tag in (given, otherwise) if tag and TAG.fullmatch(tag)), SOURCE)
