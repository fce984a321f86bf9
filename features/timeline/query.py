"""What a search or a question is after: "when did the van leave?" is one for notes in which a van went. Pure.

No model is needed for it: a few words of asking, coming and going, in English and Chinese; what is left is the thing.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from askcam.server.language.fulltext import tokens

CAME = re.compile(
    r"\b(?:appear(?:s|ed)?|arriv(?:e|es|ed)|c(?:ome|omes|ame)(?: in| back)?|show(?:s|ed)? up|enter(?:s|ed)?"
    r"|return(?:s|ed)?|(?:get|gets|got|been|was|were) (?:put|placed|there)|turn(?:s|ed)? on)\b"
    r"|出现|来了?|到达|到了|进来|放上|放下",
    re.IGNORECASE,
)
WENT = re.compile(
    r"\b(?:disappear(?:s|ed)?|le(?:ave|aves|ft)|go(?:es|ne)?(?: away| out)?|went(?: away| out)?|vanish(?:es|ed)?"
    r"|(?:get|gets|got|been|was|were) (?:taken|removed)(?: away)?|(?:taken|removed)(?: away)?|turn(?:s|ed)? off)\b"
    r"|消失|离开|不见|走了?|拿走|被拿|没了",
    re.IGNORECASE,
)
WHEN = re.compile(
    r"\b(?:when|what time|at what time|since when|did|has|have|what)\b|发生|什么时候|何时|几点|多久", re.IGNORECASE
)
ASKING = re.compile(
    r"\b(?:when|what|which|who|where|time|did|does|do|has|have|had|is|are|was|were|been|the|a|an|at|last|first"
    r"|first time|last time|happened|happen|happens|it|there|any|anything|see|seen|show|me|please|tell)\b"
    r"|[这那一两二三四五六七八九十几][个只条辆件张把本杯盆]|什么时候|何时|几点|多久|什么|发生|最后|第一次|最近|一次|请|告诉我|我|看到|看见|有没有",
    re.IGNORECASE,
)
AT_ENDS = "的了吗呢是在把被这那"  # of what is left: within a name they belong to it
FIRST = re.compile(r"\bfirst\b|第一次|最早", re.IGNORECASE)


class QueryTurn(StrEnum):
    CAME = "came"
    WENT = "went"


@dataclass(frozen=True, slots=True)
class NoteQuery:
    """Words that must all be there (none: anything goes), in what came or went if `turn` says so."""

    words: tuple[str, ...] = ()
    turn: QueryTurn | None = None
    oldest_first: bool = False


def read(query: str) -> NoteQuery:
    """A search as people write it: words, or a question."""
    if not (WHEN.search(query) or query.rstrip().endswith(("?", "？", "吗", "呢"))):
        return NoteQuery(tuple(tokens(query)))
    turn = QueryTurn.WENT if WENT.search(query) else QueryTurn.CAME if CAME.search(query) else None
    rest = WENT.sub(" ", query)  # "disappear" before "appear"
    rest = " ".join(part.strip(AT_ENDS) for part in re.split(r"[\s?？。，,]+", ASKING.sub(" ", CAME.sub(" ", rest))))
    return NoteQuery(tuple(tokens(rest)) if re.search(r"\w", rest) else (), turn, bool(FIRST.search(query)))
