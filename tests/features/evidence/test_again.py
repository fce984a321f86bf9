"""What a replay finds, without a model."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from support.evidence_cases import INFO, case, frame, open_store

from askcam.engine.question import Finished, Reason, Role, Sampling, Text, Timings, Trace, Usage
from askcam.features.evidence.again import Comparison, compare, engine_config, question_of
from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.record import Evidence, Versions

HERE = Versions("0.1.0", "2.14", "5.23")
PROMPT = np.array([7, *[9] * 256, 8], np.int32)


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Evidence, EvidenceArchive]:
    open_store(tmp_path).put(case("ans_1", [frame(i) for i in range(4)]))
    return EvidenceArchive(tmp_path).get("ans_1"), EvidenceArchive(tmp_path)


def said(evidence: Evidence, *tokens: int, prompt: np.ndarray = PROMPT, here: Versions = HERE) -> Comparison:
    finished = Finished(Reason.STOP, "a cat", Usage(), Timings(), tokens=tokens)
    return compare(evidence, Trace(prompt, Sampling()), finished, INFO, here)


def test_the_same_tokens_are_the_same(kept: tuple[Evidence, EvidenceArchive]) -> None:
    found = said(kept[0], 4, 5, 6)
    assert (found.same, found.num_tokens, found.differences) == (True, 3, ())


@pytest.mark.parametrize(("tokens", "first"), [((4, 5, 7), 2), ((1, 5, 6), 0), ((4, 5), 2), ((4, 5, 6, 7), 3), ((), 0)])
def test_the_first_token_that_differs_is_named(
    kept: tuple[Evidence, EvidenceArchive], tokens: tuple[int, ...], first: int
) -> None:
    found = said(kept[0], *tokens)
    assert (found.same, found.first, found.recorded, found.replayed) == (False, first, "a cup", "a cat")


def test_a_cancelled_answer_is_compared_as_far_as_it_went(kept: tuple[Evidence, EvidenceArchive]) -> None:
    cut = msgspec.structs.replace(
        kept[0], reason=Reason.CANCELLED, sampling=replace(kept[0].sampling, max_tokens=20, min_tokens=5)
    )
    sampling = question_of(cut, kept[1].album).sampling
    assert (sampling.max_tokens, sampling.min_tokens) == (3, 3)
    assert said(cut, 4, 5, 6, 7).same
    assert not said(cut, 4, 5).same


def test_what_led_to_it_is_compared(kept: tuple[Evidence, EvidenceArchive]) -> None:
    other = PROMPT.copy()
    other[3] = 1
    assert "differ from token 3" in said(kept[0], 4, 5, 6, prompt=other).differences[0]
    assert "258 tokens recorded, 257 here" in said(kept[0], 4, 5, 6, prompt=PROMPT[:-1]).differences[0]
    newer = said(kept[0], 4, 5, 6, here=Versions("0.2.0", "2.14", "6.0")).differences
    assert newer == ("askcam: 0.1.0 recorded, 0.2.0 here", "transformers: 5.23 recorded, 6.0 here")
    finished = Finished(Reason.STOP, "", Usage(), Timings(), tokens=(4, 5, 6))
    model = replace(INFO, digest="e" * 64, device="cuda:0")
    found = compare(kept[0], Trace(PROMPT, Sampling()), finished, model, HERE)
    assert [text.split(":")[0] for text in found.differences] == ["digest of the model's files", "device"]


def test_the_question_is_the_one_that_was_asked(kept: tuple[Evidence, EvidenceArchive]) -> None:
    question = question_of(kept[0], kept[1].album)
    assert [message.role for message in question.messages] == [Role.SYSTEM, Role.USER]
    assert question.messages[0].parts == (Text("Be terse."),)
    assert (question.camera, question.trace, question.max_age_s) == ("lobby", True, None)
    assert question.sampling == Sampling(max_tokens=20, temperature=0.5, seed=2**62 + 1)


def test_the_engine_is_set_as_the_recorded_one(kept: tuple[Evidence, EvidenceArchive]) -> None:
    config = engine_config(kept[0], "folder", None, 2)
    assert (config.model, config.backend, config.dtype, config.max_pairs) == ("folder", "portable", "float32", 8)
    assert (config.positions, config.device, config.threads) == ("trained", "auto", 2)
