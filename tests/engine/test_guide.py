"""Compiled forms and what follows an answer along them, without an engine."""

import json
import threading
from collections.abc import Iterator

import pytest
import torch

from askcam.engine.errors import QuestionError
from askcam.engine.forms import MAX_KEPT, Forms
from askcam.engine.guide import Guide, spread, unpacked
from askcam.engine.loading import Loaded
from askcam.engine.question import JSON_OBJECT, Form

ENDS = 4078  # <|im_end|>, in the built-in model's tokenizer


@pytest.fixture
def made(loaded: Loaded) -> Iterator[Forms]:
    made = Forms(loaded.processor.tokenizer, loaded.model.config.get_text_config().vocab_size, [ENDS])
    yield made
    made.close()


def test_the_last_forms_are_kept_and_no_more(made: Forms) -> None:
    first = made.grammar(JSON_OBJECT)
    for i in range(MAX_KEPT - 1):
        made.grammar(Form(json.dumps({"const": i})))
    assert made.grammar(JSON_OBJECT) is first  # and counts as used just now
    for i in range(MAX_KEPT - 1):
        made.grammar(Form(json.dumps({"const": -1 - i})))
    assert made.grammar(JSON_OBJECT) is first
    for i in range(MAX_KEPT):
        made.grammar(Form(json.dumps({"const": i})))
    assert made.grammar(JSON_OBJECT) is not first


def test_a_model_without_an_end_has_no_forms(loaded: Loaded) -> None:
    with pytest.raises(QuestionError, match="no token that ends an answer"):
        Forms(loaded.processor.tokenizer, 4096, []).grammar(JSON_OBJECT)


def test_a_machine_without_the_library_has_no_forms(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askcam.engine.forms.hf", None)
    with pytest.raises(QuestionError, match="llguidance is not installed"):
        Forms(loaded.processor.tokenizer, 4096, [ENDS]).grammar(JSON_OBJECT)


def test_a_tokenizer_that_is_of_no_use_has_no_forms(loaded: Loaded, caplog: pytest.LogCaptureFixture) -> None:
    made = Forms(object(), 4096, [ENDS])
    assert "response_format" in caplog.text
    with pytest.raises(QuestionError, match="its tokenizer is not supported"):
        made.grammar(JSON_OBJECT)


def test_many_threads_may_compile_and_follow_at_once(made: Forms, loaded: Loaded) -> None:
    found = []

    def work(which: int) -> None:
        form = Form(json.dumps({"type": "string", "pattern": f"^x{which % 3}{{5}}y$"}))
        for _ in range(20):
            guide, text = Guide(made.grammar(form)), []
            for _ in range(30):
                token = int(guide.allow(torch.zeros(1, 4096)).argmax())
                guide.took(token)
                if token == ENDS:
                    break
                text.append(token)
            found.append((which % 3, loaded.processor.tokenizer.decode(text)))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 120
    assert all(text == f'"x{str(which) * 5}y"' for which, text in found)


def test_only_what_ends_it_may_follow_what_is_complete(made: Forms, loaded: Loaded) -> None:
    guide = Guide(made.grammar(Form('{"const": true}')))
    for token in loaded.processor.tokenizer("true")["input_ids"]:
        guide.took(token)
    scores = torch.randn(1, 4096)
    assert guide.allow(scores).isfinite().nonzero().tolist() == [[0, ENDS]]
    scores[0, ENDS] = float("-inf")  # as min_tokens has it
    assert guide.allow(scores).argmax() == ENDS
    guide.took(ENDS)
    guide.took(0)  # one more than was asked for, which is not looked at
    assert guide.allow(scores).argmax() == ENDS


def test_bits_are_the_same_bools_however_they_are_unpacked() -> None:
    bits = torch.randint(0, 256, (512,), dtype=torch.uint8).numpy()
    want = [bool(byte >> place & 1) for byte in bits.tolist() for place in range(8)][:4090]
    assert unpacked(bits, 4090, torch.device("cpu")).tolist() == want
    assert spread(torch.from_numpy(bits), 4090).tolist() == want
