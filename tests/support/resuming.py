"""Answers over a line that breaks again and again: does every word arrive, once?"""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
from support.servers.breaking import Breaking

from askcam.client.client import Answer, Client, Reply, connect
from askcam.client.line import SessionLine

QUESTIONS = ("What do you see?", "Summarize what happened.", "Is there a dog?", "What is in the background?")
ONCE = ("response.created", "response.output_item.added", "response.output_text.done", "response.done")


@dataclass
class Heard:
    """What came of it. Empty `wrong`: nothing was lost, nothing came twice."""

    drops: int = 0
    answers: int = 0
    resumed: int = 0
    deltas: int = 0
    wrong: list[str] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)  # from a break to the connection that went on


async def ask_through_drops(url: str, camera: str, drops: int, seed: int, at_once: int = 2) -> Heard:
    """Ask until the line was cut so often, at random bytes of what comes and goes."""
    draw, heard = random.Random(seed), Heard()
    events: list[dict[str, Any]] = []
    async with (
        Breaking(int(url.rpartition(":")[2])) as line,
        connect(line.url, resume_s=60) as client,
        httpx.AsyncClient(base_url=url, timeout=60) as http,
    ):
        await client.ask(QUESTIONS[0], camera=camera)
        listen(client, camera, events)
        while line.num_cuts < drops:
            if draw.random() < 0.8:
                line.cut_after(down=draw.randrange(1, 8000))
            else:
                line.cut_after(up=draw.randrange(1, 400))
            started, before = time.monotonic(), client.num_resumed
            replies = [client.ask(draw.choice(QUESTIONS), camera=camera) for _ in range(at_once)]
            for said, answer in await asyncio.gather(*map(read, replies)):
                heard.answers += 1
                record = (await http.get(f"/v1/answers/{answer.saw.answer_id}")).json()
                if not said == answer.text == record["answer"]:
                    heard.wrong.append(f"{answer.saw.answer_id}: {said!r}, {answer.text!r}, {record['answer']!r}")
            if client.num_resumed > before:
                heard.back_s.append(time.monotonic() - started)
        heard.drops, heard.resumed = line.num_cuts, client.num_resumed
    heard.wrong += amiss(events, heard.answers)
    heard.deltas = sum(event["type"] == "response.output_text.delta" for event in events)
    return heard


async def read(reply: Reply) -> tuple[str, Answer]:
    """All pieces, joined, and the answer that says what they should be."""
    said = "".join([piece async for piece in reply])
    return said, reply.answer


def listen(client: Client, camera: str, events: list[dict[str, Any]]) -> None:
    """Keep every event that the client takes out of its line."""
    line: SessionLine = client._links[camera]._line
    take = client._links[camera]._hear
    assert line.num_resumed == 0

    async def hear(event: dict[str, Any]) -> None:
        events.append(event)
        await take(event)

    client._links[camera]._hear = hear  # type: ignore[method-assign]


def amiss(events: list[dict[str, Any]], num_answers: int) -> list[str]:
    """What is wrong with all events of so many answers: ids that came twice, responses without one of their events."""
    wrong = [f"event {name} came {n} times" for name, n in Counter(e["event_id"] for e in events).items() if n > 1]
    told: dict[str, Counter[str]] = {}
    for event in events:
        name = event.get("response_id") or (event.get("response") or {}).get("id")
        if name is not None:
            told.setdefault(name, Counter())[event["type"]] += 1
    if len(told) != num_answers:
        wrong.append(f"{len(told)} responses for {num_answers} questions")
    for name, kinds in told.items():
        wrong += [f"{name}: {kinds[kind]} of {kind}" for kind in ONCE if kinds[kind] != 1]
    return wrong
