"""The time that a question names: "what happened between two and three?", "yesterday", "since 14:00". Pure.

An hour without am or pm is the last one of that name that has begun: at four in the afternoon, "two" is 14:00.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from askcam.features.timeline.times import midnight

EN = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ZH = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
NUMBERS = {word: i + 1 for names in (EN, ZH) for i, word in enumerate(names)} | {"两": 2, "noon": 12, "midnight": 0}
HALF_S = 43_200.0

_DIGITS = r"2[0-3]|[01]?\d"
_LONGEST = sorted(NUMBERS, key=len, reverse=True)
_HOUR = "|".join((_DIGITS, *(word for word in _LONGEST if word.isascii())))
_HOUR_ZH = "|".join((_DIGITS, *(word for word in _LONGEST if not word.isascii())))
_PART = "上午|早上|凌晨|下午|傍晚|晚上|夜里|半夜|中午"
_NIGHT = ("晚上", "夜里", "半夜")  # which goes on after midnight: its twelve is midnight, its two is in the morning
CLOCK = (
    rf"(?:(?:{_PART})?(?:{_HOUR_ZH})(?:[:：][0-5]\d(?:\s*[ap]\.?m\b\.?)?|点半?)"
    rf"|(?:{_HOUR})(?:[:：][0-5]\d)?\b(?:\s*(?:o'?clock|[ap]\.?m\b\.?))?|(?:{_DIGITS})[ap]m\b)"
)
BETWEEN = re.compile(
    rf"\b(?:between|from)\s+(?P<a>{CLOCK})\s+(?:and|to|until|till)\s+(?P<b>{CLOCK})"
    rf"|(?P<c>{CLOCK})\s*(?:到|至)\s*(?P<d>{CLOCK})(?:之间)?",
    re.IGNORECASE,
)
AFTER = re.compile(rf"\b(?:since|after)\s+(?P<a>{CLOCK})|(?P<b>{CLOCK})(?:之后|以后|后)", re.IGNORECASE)
BEFORE = re.compile(rf"\b(?:before|until)\s+(?P<a>{CLOCK})|(?P<b>{CLOCK})(?:之前|以前|前)", re.IGNORECASE)
DAYS = re.compile(r"\b(?:yesterday|today)\b|昨天|今天", re.IGNORECASE)
PARTS = re.compile(rf"({_PART})?\s*({_HOUR_ZH}|{_HOUR})(?:[:：]([0-5]\d))?(点半)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """Seconds since the epoch, half open, and the question without them."""

    since: float | None
    until: float | None
    rest: str


def named_time(query: str, where: tzinfo | None, now: float) -> Named:
    """What of `query` names a time, by the clocks there."""
    day: date | None = None
    if (found := DAYS.search(query)) is not None:
        today = datetime.fromtimestamp(now, where).date()
        day = today if found[0].casefold() in ("today", "今天") else today - timedelta(days=1)
        query = _without(query, found)
    if (found := BETWEEN.search(query)) is not None:
        first, last = (found["a"], found["b"]) if found["a"] else (found["c"], found["d"])
        since = _at(first, day, where, now)
        return Named(since, _following(last, since, where), _without(query, found))
    if (found := AFTER.search(query)) is not None:
        since = _at(found["a"] or found["b"], day, where, now)
        until = None if day is None else midnight(day + timedelta(days=1), where)
        return Named(since, until, _without(query, found))
    if (found := BEFORE.search(query)) is not None:
        until = _at(found["a"] or found["b"], day, where, now)
        return Named(None if day is None else midnight(day, where), until, _without(query, found))
    if day is not None:
        return Named(midnight(day, where), midnight(day + timedelta(days=1), where), query)
    return Named(None, None, query)


def _without(query: str, found: re.Match[str]) -> str:
    return f"{query[: found.start()]} {query[found.end() :]}"


def _read(text: str) -> tuple[time, bool]:
    """The time of day, and whether it may as well be twelve hours later."""
    parts = PARTS.match(text.strip())
    assert parts is not None, "CLOCK has matched it"
    part, number, minutes, half = parts.groups()
    hour = NUMBERS[number.casefold()] if number.casefold() in NUMBERS else int(number)
    night = part in _NIGHT and (hour == 12 or hour < 5)
    late = part in ("下午", "傍晚", *_NIGHT) or bool(re.search(r"p\.?m", text, re.IGNORECASE))
    early = (
        night
        or part in ("早上", "凌晨")
        or (part == "上午" and hour != 12)
        or bool(re.search(r"\da\.?m|\sa\.?m", text, re.IGNORECASE))
    )
    exact = (
        late or early or minutes is not None or number.casefold() in ("noon", "midnight") or part in ("上午", "中午")
    )
    if late and not night and hour < 12:
        hour += 12
    if early and hour == 12:
        hour = 0
    return time(hour % 24, 30 if half == "点半" else int(minutes or 0)), not exact and hour <= 12


def _at(text: str, day: date | None, where: tzinfo | None, now: float) -> float:
    """The last such moment; or that of `day`, in its second half if both are possible."""
    at, either = _read(text)
    today = datetime.fromtimestamp(now, where).date()
    if day is not None:
        hour = at.hour + 12 if either and 1 <= at.hour < 7 else at.hour  # "yesterday at two": in the afternoon
        return datetime.combine(day, at.replace(hour=hour), where).timestamp()
    found = [datetime.combine(today - timedelta(days=ago), at, where).timestamp() for ago in (0, 1)]
    if either:
        found += [one + HALF_S for one in found]
    return max((one for one in found if one <= now), default=min(found))


def _following(text: str, since: float, where: tzinfo | None) -> float:
    """The first such moment after `since`."""
    at, either = _read(text)
    day = datetime.fromtimestamp(since, where).date()
    found = [datetime.combine(day + timedelta(days=ahead), at, where).timestamp() for ahead in (-1, 0, 1)]
    if either:
        found += [one + HALF_S for one in found]
    return min(one for one in found if one > since)
