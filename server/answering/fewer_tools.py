"""Which tools a question is offered where a model tells few of them apart (engine/trained.py): those that it speaks of.
Pure.

Given more, a small model calls the wrong one, or answers with pieces of their names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from askcam.engine.trained import Trained
from askcam.server.language.fulltext import FILLERS, TOKEN, stem

MOST_READ = 2000  # characters of a question, and of what is said of a tool
SHORT = 3  # characters; of shorter words no tool is made
# Of questions about what is seen, and of descriptions whatever they are about.
_COMMON = """
    what where when which who whom whose why how much many does did can could will would should shall may might must
    see saw seen look looks looking show shows shown tell find get gets give gives want need use used using call any
    all some there here this that these those with without from into onto about near and but not you your our mine
    its his her their them they she was were are been being has have had now just right left please picture image
    video camera frame scene front thing things something anything one two such
"""
COMMON = frozenset(map(stem, _COMMON.split())) | FILLERS


def fitting(
    trained: Trained | None, question: str, tools: Sequence[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], ...]:
    """Of `tools`, as chat templates take them, all where they are few; else those that share most words with the
    `question`, in their order, and none that shares no word."""
    most = None if trained is None else trained.most_tools
    if trained is None or most is None or len(tools) <= most:
        return tuple(tools)
    question = question[:MOST_READ]
    wanted, product = _words(question), _is_of_product(trained, question)
    scores = [len(wanted & _words(said)) + _sells(trained, product, said) for said in map(_said, tools)]
    best = sorted(range(len(tools)), key=lambda place: (-scores[place], place))[:most]
    return tuple(tools[place] for place in sorted(best) if scores[place] > 0)


def _words(text: str) -> set[str]:
    words = (stem(word) for word in TOKEN.findall(text.replace("_", " ").casefold()))
    return {word for word in words if len(word) >= SHORT and word not in COMMON}


def _said(tool: Mapping[str, Any]) -> str:
    return f"{tool['function']['name']} {tool['function'].get('description', '')}"[:MOST_READ]


def _is_of_product(trained: Trained, question: str) -> bool:
    """Prices, stock and delivery are asked for in other words than a tool's own, in Chinese above all."""
    return trained.results is not None and any(like.search(question) for like, _ in trained.results.asked)


def _sells(trained: Trained, product: bool, said: str) -> int:
    return 2 if product and trained.results is not None and trained.results.tools.search(said) else 0
