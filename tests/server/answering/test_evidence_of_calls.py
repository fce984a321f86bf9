"""An answer that called a tool is kept with what the tool said, and can be given again from that."""

import queue
from pathlib import Path

from support.asking_way import Way, asked
from support.evidence_cases import COMMON, PLENTY
from support.products import product
from support.shop import FOUND_TEXT, PRICE, Shop

from askcam.engine.interface import Engine
from askcam.engine.question import Event, Failed, Finished, Picture, Started
from askcam.features.evidence.again import question_of
from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.writer import EvidenceWriter


def again(engine: Engine, archive: EvidenceArchive, answer_id: str) -> Finished:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    engine.ask(question_of(archive.get(answer_id), archive.album), events.put)
    while not isinstance(event := events.get(timeout=60), Finished | Failed):
        assert event is not Started
    assert isinstance(event, Finished)
    return event


async def test_a_call_is_in_the_evidence_and_the_answer_is_given_again(
    way: Way, engine: Engine, tmp_path: Path
) -> None:
    way.tools.add(Shop())
    way.evidence = writer = EvidenceWriter(tmp_path, PLENTY, COMMON, private=True)
    await writer.open()
    try:
        done = await way.ask(asked(Picture(product("banana")), PRICE))
    finally:
        await writer.close()
    archive = EvidenceArchive(tmp_path)
    kept = archive.get(done.saw.answer_id)
    (called,) = kept.tools_called
    assert (called["name"], called["server"], called["output"]) == ("lookup_product", "shop", FOUND_TEXT)
    assert kept.text == done.text == "The banana costs 2.49 EUR."
    assert [turn.role.value for turn in kept.messages] == ["user", "assistant", "tool"]
    replayed = again(engine, archive, done.saw.answer_id)
    assert replayed.tokens == kept.tokens
    assert replayed.text == kept.text
