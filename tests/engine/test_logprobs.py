"""Log probabilities, through the door: those of stock generate's raw logits, with the text that they belong to."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.stock_logprobs import check_logprobs

from askcam.engine.choosing import generation_config, seeded
from askcam.engine.interface import EngineConfig
from askcam.engine.loading import Loaded
from askcam.engine.logprobs import Logprobs
from askcam.engine.portable import PortableEngine
from askcam.engine.prompt import Prompter
from askcam.engine.question import Finished, Piece, Question, Reason
from askcam.engine.stopping import Glance
from askcam.stream.window import View

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")
WAYS = (
    {"temperature": 0, "logprobs": 0},
    {"temperature": 0, "logprobs": 20, "repetition_penalty": 1.3, "min_tokens": 12},
    {"temperature": 1.2, "logprobs": 5, "repetition_penalty": 1.2, "top_p": 0.9, "top_k": 40, "seed": 4},
)


def stock(loaded: Loaded, question: Question, view: View | None) -> tuple[list[int], torch.Tensor]:
    """Stock generate's tokens, and the raw logits (tokens, vocab) that they were chosen from."""
    prompt = Prompter(loaded.processor, loaded.spec, "trained", 16).prompt(question, view)
    config = generation_config(loaded.model.generation_config, question.sampling, 1000)
    with torch.no_grad(), seeded(question.sampling.seed, torch.device("cpu")):
        found = loaded.model.generate(
            **prompt.inputs, generation_config=config, output_logits=True, return_dict_in_generate=True
        )
    return found.sequences[0, prompt.num_tokens :].tolist(), torch.stack(found.logits)[:, 0]


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_portable_backend_tells_what_the_raw_logits_say(
    kind: str, tiny: Callable[[str], Loaded], view_of: Callable[..., View], about: Any, heard: Any
) -> None:
    loaded = tiny(kind)
    view = view_of(3 * loaded.spec.factor, 2 * loaded.spec.factor, 5)

    class Still:
        name = "lobby"

        def look(self) -> View:
            return view

    engine = PortableEngine(loaded, EngineConfig("tiny"))
    try:
        engine.attach(Still())
        hooks = num_hooks(loaded)
        for way in WAYS:
            question = about("What is this?", max_tokens=16, **way)
            listener = heard()
            engine.ask(question, listener)
            wanted = question.sampling.logprobs
            check_logprobs(listener.wait(), *stock(loaded, question, view), wanted, loaded.processor.tokenizer)
            assert num_hooks(loaded) == hooks, "what looks on while an answer is made stays no longer"
    finally:
        engine.close()


def num_hooks(loaded: Loaded) -> int:
    """Of the whole model."""
    return sum(len(one._forward_hooks) + len(one._forward_pre_hooks) for one in loaded.model.modules())


def test_a_look_at_the_logits_ends_with_what_it_looked_at_also_when_that_fails() -> None:
    class Made:
        logits = torch.ones(1, 2, 3)

    class Model(torch.nn.Module):
        def forward(self) -> Made:
            return Made()

    model, glance = Model(), Glance()
    with glance.at(model):
        model()
        assert glance.logits is not None
    assert glance.logits is None
    with contextlib.suppress(ZeroDivisionError), glance.at(model):
        model()
        raise ZeroDivisionError
    assert (glance.logits, len(model._forward_hooks)) == (None, 0)
    model()
    assert glance.logits is None


@pytest.mark.parametrize("text", ["What do you see?", "你看到了什么？"])
def test_the_built_in_model_says_how_sure_it_is(
    text: str, engine: Any, loaded: Loaded, camera: Any, about: Any, heard: Any
) -> None:
    question = about(text, temperature=0, logprobs=3)
    listener = heard()
    engine.ask(question, listener)
    events = listener.wait()
    finished = check_logprobs(
        events, *stock(loaded, question, events[0].view), most=3, tokenizer=loaded.processor.tokenizer
    )
    assert finished.reason is Reason.STOP
    assert len(finished.logprobs) == finished.usage.completion_tokens - 1  # the token that ended it has no text
    assert b"".join(one.raw for one in finished.logprobs if one.raw).decode() == finished.text
    assert all(one.token == one.top[0].token for one in finished.logprobs)  # greedy


def test_tokens_that_a_stop_string_cuts_off_are_not_told(engine: Any, camera: Any, about: Any, heard: Any) -> None:
    def ask(*stop: str) -> Finished:
        listener = heard()
        engine.ask(about("What do you see?", temperature=0, logprobs=1, stop=stop), listener)
        *events, finished = listener.wait()
        assert isinstance(finished, Finished), finished
        for piece in (event for event in events if isinstance(event, Piece)):
            assert "".join(one.text for one in piece.logprobs) == piece.text
        return finished

    whole = ask()
    words = whole.text.split(" ")
    assert len(words) > 4
    cut = ask(" ".join(["", *words[2:4]]))  # held back from its blank on, over several tokens
    assert cut.text == " ".join(words[:2])
    told = [(one.token, one.text) for one in cut.logprobs]
    assert told == [(one.token, one.text) for one in whole.logprobs[: len(told)]]
    assert "".join(text for _, text in told) == cut.text


def test_without_being_asked_for_there_are_none(engine: Any, camera: Any, about: Any, heard: Any) -> None:
    listener = heard()
    engine.ask(about("What do you see?"), listener)
    *events, finished = listener.wait()
    assert finished.logprobs == ()
    assert all(event.logprobs == () for event in events if isinstance(event, Piece))


def test_a_token_reads_as_the_tokenizer_writes_it(loaded: Loaded) -> None:
    tokenizer = loaded.processor.tokenizer
    num = len(tokenizer)
    found = Logprobs(tokenizer).of(torch.zeros(1, num).expand(num, num), range(num), [0] * num)
    for token, one in enumerate(found):
        assert one is not None
        assert (one.token, one.text) == (token, tokenizer.decode([token]))
        told = tokenizer.decode([token], skip_special_tokens=True)
        assert (one.raw or b"").decode(errors="replace") == told
        assert (one.raw is None) is (token in tokenizer.all_special_ids)
    assert b"".join(found[token].raw or b"" for token in tokenizer("红🚩 <tool_call>")["input_ids"]) == (  # type: ignore[union-attr]
        "红🚩 <tool_call>".encode()
    )


def test_a_row_beyond_the_tokenizer_has_no_text(loaded: Loaded) -> None:
    tokenizer = loaded.processor.tokenizer
    logits = torch.zeros(1, len(tokenizer) + 8)
    logits[0, len(tokenizer) + 3] = 9.0
    (found,) = Logprobs(tokenizer).of(logits, [5], [1])
    assert found is not None
    assert (found.top[0].token, found.top[0].text, found.top[0].raw) == (len(tokenizer) + 3, "", None)


def test_each_row_gets_what_it_wants(loaded: Loaded) -> None:
    logits = torch.randn(4, 4096, generator=torch.Generator().manual_seed(1)).bfloat16()
    want = logits.float().log_softmax(-1)
    names = Logprobs(loaded.processor.tokenizer)
    found = names.of(logits, [11, 12, 13, 14], [2, None, 0, 20])
    assert [None if one is None else len(one.top) for one in found] == [2, None, 0, 20]
    for row in (0, 2, 3):
        one = found[row]
        assert one is not None
        assert (one.token, one.logprob) == (11 + row, pytest.approx(float(want[row, 11 + row])))
        assert [other.logprob for other in one.top] == pytest.approx(want[row].topk(len(one.top)).values.tolist())
    assert names.of(logits, [1, 2, 3, 4], [None] * 4) == [None] * 4
    assert names.of(logits[:0], [], []) == []
