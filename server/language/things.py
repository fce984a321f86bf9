"""From an answer in words to the things it names, and whether two answers say the same. Pure."""

import re

from askcam.server.language.chinese import is_chinese

# "Nothing new appeared.", "No, nothing.", "There is nothing new.", "I don't see ...", "没有新的东西出现。"
NOTHING = re.compile(
    r"\W*(?:nothing|none|no\b|not\b|there (?:is|are|was|were) (?:no|nothing|not)\b"
    r"|i (?:do not|don't|did not|didn't|can't)\b"
    r"|没有|没看|无\b|什么都没|什么也没)",
    re.IGNORECASE,
)
# How the sentence goes on after, or before, the things it names.
AFTER = re.compile(
    r"\s+(?:(?:has|have|had|just|was|were|then|also)\s+)*"
    r"(?:appeared?|disappeared?|disappears|appears|left|gone|vanished|removed|come into view|came into view)\b.*$",
    re.IGNORECASE,
)
AFTER_ZH = re.compile(r"(?:都|已经|刚才|也)*(?:出现|消失|离开|不见)了?.*$")
BEFORE_ZH = re.compile(r"^(?:刚才|然后|画面中|画面里|视频中|这时)*(?:出现|消失|离开|不见)了")
ARTICLES = "a|an|the|another|some|one|two|three|four|five|six|seven|eight|nine|ten|several|many|his|her|their|its|\\d+"
BETWEEN = re.compile(rf"(?:\s*,\s*(?:and\s+)?|\s+and\s+)(?=(?:{ARTICLES})\s)", re.IGNORECASE)
BETWEEN_ZH = re.compile(r"[、，和](?=[一两二三四五六七八九十几\d])")
LEADING = re.compile(rf"^(?:{ARTICLES})\s+", re.IGNORECASE)
LEADING_ZH = re.compile(r"^[一两二三四五六七八九十几\d]+")
BULLET = re.compile(r"^\s*(?:[-*•·]|\d+[.)])\s+")
MAX_THINGS = 12  # an answer that goes round in circles is not a list


def things(answer: str) -> list[str]:
    """What an answer to "what appeared?" names, in its words and order; nothing where it says so.

    A list is taken apart before articles and numbers only ("a cat and a dog", but not "a black and white cat").
    """
    found: list[str] = []
    for line in answer.splitlines():
        line = BULLET.sub("", line).strip().rstrip(".。!！;；").strip()
        if not line or NOTHING.match(line):
            continue
        if is_chinese(line):
            parts = BETWEEN_ZH.split(BEFORE_ZH.sub("", AFTER_ZH.sub("", line) or line))
        else:
            parts = BETWEEN.split(AFTER.sub("", line))
        found += [part.strip(" ,，、") for part in parts]
    unique = {key(thing): thing for thing in reversed(found) if key(thing)}
    return list(reversed(unique.values()))[:MAX_THINGS]


def key(thing: str) -> str:
    """What stays the same however a thing is named: no article, no number, no case, no punctuation."""
    text = thing.strip().casefold()
    text = LEADING_ZH.sub("", text) if is_chinese(text) else LEADING.sub("", text)
    return " ".join(_words(text))


def mentions(text: str, thing: str) -> bool:
    """Whether `text` names the thing."""
    wanted = key(thing)
    if is_chinese(wanted):
        return wanted in text
    return f" {wanted} " in f" {' '.join(_words(text))} "


def same(one: str, other: str) -> bool:
    """Whether two answers say the same, word for word; case and punctuation do not count."""
    return _words(one) == _words(other)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
