"""Calls are held to their schema with tokenizers that have no tokens for the markers, as Qwen2-VL's."""

import contextlib
import json
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from askcam.engine.calls import call_schema
from askcam.engine.forms import Forms
from askcam.engine.question import Form

NOW = {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "maxProperties": 0}}}
CALL = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
FREE = Form(None, call_schema([NOW]), many=True, words=True)
FORCED = Form(None, call_schema([NOW]))


@pytest.fixture(scope="module", params=["tokens", "letters"])
def tokenizer(request: pytest.FixtureRequest, builtin: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    """The built-in model's, and the same without tokens for the markers."""
    found = json.loads((builtin / "tokenizer.json").read_text(encoding="utf-8"))
    if request.param == "letters":
        found["added_tokens"] = [one for one in found["added_tokens"] if "tool" not in one["content"]]
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    return PreTrainedTokenizerFast(tokenizer_file=str(path), eos_token="<|im_end|>")


@pytest.mark.parametrize(
    ("form", "text", "fits"),
    [
        (FREE, "It is noon.", True),
        (FREE, "Wait. " + CALL, True),
        (FREE, CALL + "\n" + CALL + " 好。", True),
        (FREE, "A <tool box> is <b>here</b>.", True),
        (FREE, CALL.replace("now", "then"), False),
        (FREE, "Wait. " + CALL.replace("{}", '{"a": 1}'), False),
        (FORCED, CALL, True),
        (FORCED, "Wait. " + CALL, False),
        (FORCED, CALL + CALL, False),
    ],
)
def test_what_may_come(tokenizer: PreTrainedTokenizerFast, form: Form, text: str, fits: bool) -> None:
    ends = tokenizer.convert_tokens_to_ids("<|im_end|>")
    with contextlib.closing(Forms(tokenizer, len(tokenizer), [ends])) as forms:
        matcher = forms.grammar(form).begin()
    ids = [*tokenizer(text, add_special_tokens=False)["input_ids"], ends]
    taken = all(not matcher.is_stopped() and matcher.consume_token(token) for token in ids[:-1])
    assert (taken and matcher.is_accepting()) is fits
