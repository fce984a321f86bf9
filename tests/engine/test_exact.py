"""The portable backend's contract is an equality: its tokens are those of stock transformers on the same frames."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from qwen_vl_utils import process_vision_info

from askcam.engine.families.positions import positions
from askcam.engine.interface import EngineConfig
from askcam.engine.loading import Loaded
from askcam.engine.portable import PortableEngine
from askcam.engine.prompt import Prompter
from askcam.engine.question import Finished, Question
from askcam.stream.window import View

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")
Prompt = Callable[..., Any]


def size_of(loaded: Loaded) -> tuple[int, int]:
    """(width, height) of 3x2 tokens: a grid so small that windows are soon longer than it is wide."""
    return 3 * loaded.spec.factor, 2 * loaded.spec.factor


def no_cache(loaded: Loaded, prompt: Any, num_tokens: int) -> tuple[list[int], torch.Tensor]:
    """Greedy tokens and logits by whole forward passes: nothing is kept, positions are computed for all of it anew."""
    inputs = dict(prompt.inputs)
    grids = [tuple(grid) for grid in inputs["video_grid_thw"].tolist()]
    ids, types = inputs.pop("input_ids"), inputs.pop("mm_token_type_ids")
    inputs.pop("attention_mask"), inputs.pop("position_ids")
    seconds = inputs.pop("second_per_grid_ts", torch.tensor([1.0])).tolist()
    out, logits = [], []
    for _ in range(num_tokens):
        rows = positions(loaded.spec, "trained", types[0].numpy(), [], grids, seconds)
        with torch.no_grad():
            last = loaded.model(
                input_ids=ids, position_ids=torch.from_numpy(rows)[:, None], mm_token_type_ids=types, **inputs
            ).logits[0, -1]
        token = int(last.argmax())
        out.append(token)
        logits.append(last)
        ids = torch.cat((ids, torch.tensor([[token]])), 1)
        types = torch.cat((types, torch.zeros(1, 1, dtype=types.dtype)), 1)
    return out, torch.stack(logits)


def generated(loaded: Loaded, prompt: Any, num_tokens: int) -> tuple[list[int], torch.Tensor]:
    found = loaded.model.generate(
        **prompt.inputs,
        do_sample=False,
        max_new_tokens=num_tokens,
        min_new_tokens=num_tokens,
        output_logits=True,
        return_dict_in_generate=True,
    )
    return found.sequences[0, prompt.num_tokens :].tolist(), torch.stack(found.logits)[:, 0]


@pytest.mark.parametrize("num_frames", [2, 5, 20])
@pytest.mark.parametrize("kind", FAMILIES)
def test_generate_goes_on_from_the_trained_positions_as_whole_passes_do(
    kind: str, num_frames: int, tiny: Callable[[str], Loaded], view_of: Callable[..., View], about: Any
) -> None:
    loaded = tiny(kind)
    view = view_of(*size_of(loaded), num_frames, fps=1.0)
    prompt = Prompter(loaded.processor, loaded.spec, "trained", 32).prompt(about("What is this?"), view)
    tokens, logits = generated(loaded, prompt, 6)
    want_tokens, want_logits = no_cache(loaded, prompt, 6)
    assert (logits - want_logits).abs().max() < 1e-3
    assert tokens == want_tokens


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_position_off_by_one_would_be_noticed(
    kind: str, tiny: Callable[[str], Loaded], view_of: Callable[..., View], about: Any
) -> None:
    loaded = tiny(kind)
    prompt = Prompter(loaded.processor, loaded.spec, "trained", 32).prompt(
        about("What is this?"), view_of(*size_of(loaded), 6)
    )
    right = loaded.model(**prompt.inputs).logits[0, -1]
    rows = prompt.inputs["position_ids"].clone()
    after = int(np.flatnonzero(prompt.inputs["mm_token_type_ids"][0].numpy())[-1]) + 1
    rows[:, :, after:] += 1
    wrong = loaded.model(**{**prompt.inputs, "position_ids": rows}).logits[0, -1]
    assert (right - wrong).abs().max() > 0.1


@pytest.mark.parametrize("kind", FAMILIES)
def test_without_explicit_positions_transformers_own_rule_is_used(
    kind: str, tiny: Callable[[str], Loaded], view_of: Callable[..., View], about: Any
) -> None:
    loaded = tiny(kind)
    view, question = view_of(*size_of(loaded), 12), about("What is this?")
    stock = Prompter(loaded.processor, loaded.spec, "transformers", 32).prompt(question, view)
    assert "position_ids" not in stock.inputs
    found, _ = loaded.model.model.get_rope_index(
        **{key: value for key, value in stock.inputs.items() if "pixel" not in key}
    )
    grids = [tuple(grid) for grid in stock.inputs["video_grid_thw"].tolist()]
    types = stock.inputs["mm_token_type_ids"][0].numpy()
    ours = positions(loaded.spec, "transformers", types, [], grids, [1.0])
    assert (found[:, 0].numpy() == ours).all()


@pytest.mark.parametrize(("kind", "differs"), [("qwen2_vl", True), ("qwen2_5_vl", True), ("qwen3_vl", False)])
def test_the_two_position_rules_differ_in_logits_only_where_a_video_is_longer_than_wide(
    kind: str, differs: bool, tiny: Callable[[str], Loaded], view_of: Callable[..., View], about: Any
) -> None:
    loaded = tiny(kind)

    def logits(rule: Any, num_frames: int) -> torch.Tensor:
        view = view_of(*size_of(loaded), num_frames, fps=2.0)
        prompt = Prompter(loaded.processor, loaded.spec, rule, 32).prompt(about("What is this?"), view)
        return generated(loaded, prompt, 3)[1]

    short = (logits("trained", 4) - logits("transformers", 4)).abs().max()  # 2 pairs on 3 columns
    long = (logits("trained", 16) - logits("transformers", 16)).abs().max()  # 8 pairs on 3 columns
    assert short < 1e-3
    assert bool(long > 0.1) is differs


def test_the_engine_answers_what_stock_generate_answers(
    loaded: Loaded, engine: PortableEngine, camera: Any, about: Any, answer: Callable[[Any, Question], Finished]
) -> None:
    view = camera.look()
    for text in ("What do you see?", "Is the flag moving?", "你看到了什么？"):
        messages = view.messages(text)
        prompt = loaded.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        _, videos = process_vision_info(messages, image_patch_size=7)  # 14 would resize the frames on the way
        inputs = loaded.processor(text=[prompt], videos=videos, do_resize=False, return_tensors="pt")
        sequence = loaded.model.generate(**inputs, do_sample=False, max_new_tokens=40)[
            0, inputs["input_ids"].shape[1] :
        ]
        want = loaded.processor.tokenizer.decode(sequence, skip_special_tokens=True)
        finished = answer(engine, about(text, max_tokens=40, temperature=0))
        assert finished.text == want
        assert finished.usage.completion_tokens == len(sequence)
        assert finished.usage.prompt_tokens == inputs["input_ids"].shape[1]
        assert finished.usage.vision_tokens == 3 * 6 * 9


@pytest.mark.parametrize("kind", FAMILIES)
def test_every_family_answers_through_the_door(
    kind: str, tiny_model: Any, tiny: Callable[[str], Loaded], view_of: Callable[..., View], about: Any, heard: Any
) -> None:
    engine = PortableEngine.open(EngineConfig(str(tiny_model(kind)), max_pairs=8))
    try:
        fit = engine.fit(640, 480)
        view = view_of(fit.width, fit.height, 7)

        class Still:
            name = "lobby"

            def look(self) -> View:
                return view

        engine.attach(Still())
        listener = heard()
        engine.ask(about("What is this?", max_tokens=6, temperature=0), listener)
        last = listener.wait()[-1]
    finally:
        engine.close()
    assert isinstance(last, Finished), last
    loaded = tiny(kind)
    prompt = Prompter(loaded.processor, loaded.spec, "trained", 8).prompt(about("What is this?"), view)
    sequence = loaded.model.generate(**prompt.inputs, do_sample=False, max_new_tokens=6)[0, prompt.num_tokens :]
    assert last.text == loaded.processor.tokenizer.decode(sequence, skip_special_tokens=True).rstrip("\ufffd")
