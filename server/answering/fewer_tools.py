"""Which tools a question is offered where a model tells few of them apart (engine/trained.py): those that it speaks of.
Pure.

Given more, a small model calls the wrong one, or answers with pieces of their names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from askcam.engine.trained import Trained
from askcam.server.language.fulltext import stem, tokens

SHORT = 3  # characters; of shorter words no tool is made
# Of questions about what is seen, and of descriptions whatever they are about.
_COMMON = """
    what where when which who whom whose why how much many does did can could will would should shall may might must
    see saw seen look looks looking show shows shown tell find get gets give gives want need use used using call any
    all some there here this that these those with without from into onto about near and but not you your our mine
    its his her their them they she was were are been being has have had now just right left please picture image
    video camera frame scene front thing things something anything one two such
"""
COMMON = frozenset(map(stem, _COMMON.split()))


def fitting(
    trained: Trained | None, question: str, tools: Sequence[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], ...]:
    """Of `tools`, as chat templates take them, all where they are few; else those that share most words with the
    `question`, in their order, and none that shares no word."""
    most = None if trained is None else trained.most_tools
    if trained is None or most is None or len(tools) <= most:
        return tuple(tools)
    wanted = _words(question)
    scores = [len(wanted & _words(_said(tool))) + _sells(trained, question, tool) for tool in tools]
    best = sorted(range(len(tools)), key=lambda place: (-scores[place], place))[:most]
    return tuple(tools[place] for place in sorted(best) if scores[place] > 0)


def _words(text: str) -> set[str]:
    words = (stem(word) for word in tokens(text.replace("_", " ")))
    return {word for word in words if len(word) >= SHORT and word not in COMMON}


def _said(tool: Mapping[str, Any]) -> str:
    return f"{tool['function']['name']} {tool['function'].get('description', '')}"


def _sells(trained: Trained, question: str, tool: Mapping[str, Any]) -> int:
    """Prices, stock and delivery are asked for in other words than a catalogue's, in Chinese above all."""
    results = trained.results
    if results is None or not any(like.search(question) for like, _ in results.asked):
        return 0
    return 2 if results.tools.search(_said(tool)) else 0
