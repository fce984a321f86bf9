"""An event in words, for people's phones: locales/ has them. Pure, but for reading these."""

from dataclasses import dataclass

from askcam.client.watches import WatchEvent
from askcam.server.language.catalogue import Locales, fill, languages
from askcam.server.language.chinese import is_chinese

WORDS = Locales(__name__)
AUTO = "auto"  # the question's language, which is one of the two that are told apart
LANGUAGES = (AUTO, *languages(WORDS.folder))  # that may be wanted


@dataclass(frozen=True, slots=True)
class NoticeText:
    title: str
    body: str


def language_of(event: WatchEvent, wanted: str) -> str:
    """One that there are words in; `wanted`: one of LANGUAGES."""
    if wanted != AUTO:
        return wanted
    return "zh" if is_chinese(event.question or "") else "en"


def message(event: WatchEvent, wanted: str) -> NoticeText:
    words = WORDS.in_language(language_of(event, wanted))
    title = words.get(f"notify.{event.kind}", words["notify.other"])
    link = None if event.clip is None else event.clip.link
    clip = "" if link is None else fill(words["notify.clip"], {"link": link})
    lines = [event.question or "", _answer(event), event.reason or "", _time(event.at), clip]
    shown = fill(title, {"watch": event.watch or "askcam", "camera": event.camera, "kind": event.kind})
    return NoticeText(shown, "\n".join(filter(None, lines)))


def greeting(wanted: str) -> NoticeText:
    """`wanted`: one of LANGUAGES."""
    spoken = [WORDS.in_language(each) for each in (("en", "zh") if wanted == AUTO else (wanted,))]
    titles, bodies = ([words[key] for words in spoken] for key in ("notify.test_title", "notify.test"))
    return NoticeText(" · ".join(titles), "\n".join(bodies))


def _answer(event: WatchEvent) -> str:
    """The answer, and how likely the model holds what turns the watch on; of a text what it said before, and now."""
    if event.answer is None:
        return ""
    if event.before_answer is not None:
        return f"{event.before_answer} → {event.answer}"
    return event.answer if event.probability is None else f"{event.answer} ({event.probability:.0%})"


def _time(at: str) -> str:
    """RFC 3339 without fractions: 2026-01-15 21:40:12 UTC."""
    return f"{at[:10]} {at[11:19]} UTC"
