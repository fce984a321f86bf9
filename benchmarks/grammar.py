"""What holding answers to a JSON Schema costs, on a CPU: of each library that is installed here.

    python benchmarks/grammar.py [--tokenizer TOKENIZER_JSON] [--libraries llguidance xgrammar outlines_core]

askcam uses llguidance; the others are measured where they are installed. The vocabularies: the built-in model's, and
one of 151,936 tokens, which is a tokenizer.json's or else made up out of the built-in one's tokens in pairs. For each
schema: how long it takes to compile, and then, over answers whose tokens are drawn at random from the allowed ones,
how long the mask of a token takes to compute and to apply to logits. Then the built-in model on both backends, with and
without a form, and free to call a tool: what a token takes in all. Prints tables and one JSON line.
"""

import argparse
import importlib.metadata
import json
import os
import queue
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from askcam.demo.builtin import model_path
from askcam.engine.calls import call_schema
from askcam.engine.forms import Forms
from askcam.engine.guide import unpacked
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.logprobs import bytes_of
from askcam.engine.open import open_engine
from askcam.engine.question import Event, Failed, Finished, Form, Message, Question, Role, Sampling, Text

LARGE = 151_936
TOKENS = 150  # of one answer, at most
ANSWERS = 4
PLACE = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 1000}, "minItems": 4, "maxItems": 4}
THING = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 64},
        "kind": {"enum": ["person", "car", "dog", "box"]},
        "place": PLACE,
        "sure": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["name", "kind", "place", "sure"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "flat": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "count": {"type": "integer"}, "open": {"type": "boolean"}},
        "required": ["name", "count", "open"],
        "additionalProperties": False,
    },
    "nested": {
        "type": "object",
        "properties": {"things": {"type": "array", "items": THING, "minItems": 2, "maxItems": 20}},
        "required": ["things"],
        "additionalProperties": False,
    },
    "wide": {
        "type": "object",
        "properties": {f"field_{i}": {"type": "string", "maxLength": 40} for i in range(60)},
        "required": [f"field_{i}" for i in range(60)],
        "additionalProperties": False,
    },
    "recursive": {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "maxLength": 16},
                    "parts": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 3},
                },
                "required": ["name", "parts"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/node",
    },
}
LOOKUP = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
FORMS = {  # of the answers of the built-in model
    "free": None,
    "form": Form(json.dumps(SCHEMAS["wide"])),
    "calls": Form(None, call_schema([{"function": {"name": "lookup", "parameters": LOOKUP}}]), many=True, words=True),
}

# A vocabulary becomes "schema text -> a fresh answer's (mask, take)": mask() gives packed bits, take(token) moves on.
Answer = tuple[Callable[[], "np.ndarray[Any, Any]"], Callable[[int], bool]]
Compile = Callable[[str], Callable[[], Answer]]


def llguidance(tokenizer: Tokenizer, width: int, end: int) -> Compile:
    forms = Forms(PreTrainedTokenizerFast(tokenizer_object=tokenizer), width, [end])

    def compile(schema: str) -> Callable[[], Answer]:
        grammar = forms.grammar(Form(schema))

        def begin() -> Answer:
            matcher = grammar.begin()
            return lambda: np.frombuffer(matcher.compute_bitmask(), np.uint8), matcher.consume_token

        return begin

    return compile


def xgrammar(tokenizer: Tokenizer, width: int, end: int) -> Compile:
    import xgrammar as xgr

    kind = xgr.VocabType.BYTE_LEVEL
    info = xgr.TokenizerInfo(written(tokenizer), kind, vocab_size=width, stop_token_ids=[end])
    compiler = xgr.GrammarCompiler(info, max_threads=1, cache_enabled=False)

    def compile(schema: str) -> Callable[[], Answer]:
        grammar = compiler.compile_json_schema(schema, any_whitespace=False)

        def begin() -> Answer:
            matcher = xgr.GrammarMatcher(grammar)
            bits = xgr.allocate_token_bitmask(1, width)

            def mask() -> "np.ndarray[Any, Any]":
                matcher.fill_next_token_bitmask(bits)
                return bits[0].numpy().view(np.uint8)

            return mask, matcher.accept_token

        return begin

    return compile


def outlines_core(tokenizer: Tokenizer, width: int, end: int) -> Compile:
    from outlines_core import Guide, Index, Vocabulary
    from outlines_core.json_schema import build_regex_from_schema

    tokens: dict[bytes, list[int]] = {}
    for token, text in enumerate(written(tokenizer)):
        if token != end:
            tokens.setdefault(bytes_of(text), []).append(token)
    vocabulary = Vocabulary(end, tokens)

    def compile(schema: str) -> Callable[[], Answer]:
        index = Index(build_regex_from_schema(schema), vocabulary)

        def begin() -> Answer:
            guide = Guide(index)
            bits = np.zeros((width + 31) // 32 * 4, np.uint8)

            def mask() -> "np.ndarray[Any, Any]":
                guide.write_mask_into(bits.ctypes.data, bits.size // 4, 4)
                return bits

            return mask, lambda token: guide.advance(token, return_tokens=False) is None

        return begin

    return compile


LIBRARIES = {"llguidance": llguidance, "xgrammar": xgrammar, "outlines_core": outlines_core}


def written(tokenizer: Tokenizer) -> list[str]:
    """All tokens as the tokenizer's files write them, by id."""
    return [tokenizer.id_to_token(i) or f"<unused {i}>" for i in range(tokenizer.get_vocab_size())]


def made_up(builtin: Path) -> Tokenizer:
    """The built-in tokenizer with pairs of its tokens as tokens, until it has as many as Qwen's."""
    data = json.loads((builtin / "tokenizer.json").read_text())
    vocab, merges, chance = data["model"]["vocab"], data["model"]["merges"], random.Random(1)
    parts = [token for token in vocab if token.isascii() or chance.random() < 0.3]
    used = {entry["id"] for entry in data["added_tokens"]} | set(vocab.values())
    fresh = (i for i in range(LARGE) if i not in used)
    for i in fresh:
        while (pair := (chance.choice(parts), chance.choice(parts))) and "".join(pair) in vocab:
            pass
        vocab["".join(pair)] = i
        merges.append(list(pair))
    return Tokenizer.from_str(json.dumps(data))


def measure(compile: Compile, schema: str, width: int) -> dict[str, float]:
    """Milliseconds."""
    compile('{"type": "boolean"}')  # what is done once for all is not the schema's
    began = time.perf_counter()
    begin = compile(schema)
    compiled = time.perf_counter() - began
    logits = torch.randn(1, width)
    masks, applied = [], []
    for seed in range(ANSWERS):
        mask, take = begin()
        chance = np.random.default_rng(seed)
        for _ in range(TOKENS):
            start = time.perf_counter()
            bits = mask()
            there = time.perf_counter()
            allowed = unpacked(bits, width, logits.device)
            logits[0].masked_fill(~allowed, float("-inf"))
            masks.append(there - start)
            applied.append(time.perf_counter() - there)
            token = int(chance.choice(np.flatnonzero(allowed.numpy())))
            if token == END[width] or not take(token):
                break
    in_order = sorted(masks)
    return {
        "compile_ms": 1e3 * compiled,
        "mask_ms": 1e3 * statistics.fmean(masks),
        "mask_p50_ms": 1e3 * in_order[len(masks) // 2],
        "mask_p99_ms": 1e3 * in_order[int(len(masks) * 0.99)],
        "apply_ms": 1e3 * statistics.fmean(applied),
        "tokens": len(masks),
    }


def engines(repeats: int = 12) -> Iterator[dict[str, Any]]:
    """Milliseconds a token after the first, of greedy answers of the built-in model, free and of a form in turn: the
    quickest of each, since other programs only ever add."""
    for backend in ("live", "portable"):
        engine = open_engine(EngineConfig(str(model_path()), backend=backend, threads=1))
        try:
            took: dict[str, list[float]] = {name: [] for name in FORMS}
            for _ in range(repeats):
                for name, form in FORMS.items():
                    way = Sampling(max_tokens=TOKENS, min_tokens=TOKENS, temperature=0, response_format=form)
                    finished = answered(engine, way)
                    assert finished.usage.completion_tokens == TOKENS, finished
                    took[name].append(1e3 * finished.timings.decode_s / (TOKENS - 1))
        finally:
            engine.close()
        best = {name: min(all_of_it) for name, all_of_it in took.items()}
        more = {f"more_of_{name}_ms": best[name] - best["free"] for name in FORMS if name != "free"}
        yield {"backend": engine.info.backend, **{f"{name}_ms": found for name, found in best.items()}, **more}


def answered(engine: Engine, way: Sampling) -> Finished:
    """The end of one answer."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    engine.ask(Question((Message(Role.USER, (Text("What do you see?"),)),), sampling=way), events.put)
    while not isinstance(event := events.get(timeout=120), Finished | Failed):
        pass
    assert isinstance(event, Finished), event
    return event


END: dict[int, int] = {}  # by vocabulary size: the token that ends an answer


def vocabularies(file: Path | None) -> Iterator[tuple[str, Tokenizer, int]]:
    builtin = model_path()
    small = Tokenizer.from_file(str(builtin / "tokenizer.json"))
    large = made_up(builtin) if file is None else Tokenizer.from_file(str(file))
    for name, tokenizer, width in (("built-in", small, small.get_vocab_size()), ("large", large, LARGE)):
        END[width] = tokenizer.token_to_id("<|im_end|>")
        yield name, tokenizer, width


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokenizer", type=Path, help="a tokenizer.json of about 152k tokens")
    parser.add_argument("--libraries", nargs="+", default=list(LIBRARIES), choices=list(LIBRARIES))
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for name, tokenizer, width in vocabularies(args.tokenizer):
        for library in args.libraries:
            try:
                began = time.perf_counter()
                compile = LIBRARIES[library](tokenizer, width, END[width])
            except ImportError as exc:
                print(f"{library}: not installed ({exc})", file=sys.stderr)
                continue
            opened = 1e3 * (time.perf_counter() - began)
            version = importlib.metadata.version(library)
            print(f"{library} {version}, {name} vocabulary ({width}): ready after {opened:.0f} ms", flush=True)
            for title, schema in SCHEMAS.items():
                row: dict[str, Any] = {"library": library, "vocabulary": width, "open_ms": opened, "schema": title}
                try:
                    row |= measure(compile, json.dumps(schema), width)
                    figures = "  ".join(f"{key} {row[key]:.3f}" for key in row if key.endswith("_ms"))
                except Exception as exc:  # what a library cannot do is a result, too
                    row["error"] = figures = f"{type(exc).__name__}: {' '.join(str(exc).split())[:100]}"
                print(f"    {title:10} {figures}", flush=True)
                rows.append(row)
    whole = list(engines())
    for row in whole:
        print("  ".join(f"{key} {value:.3f}" if key.endswith("_ms") else value for key, value in row.items()))
    print(json.dumps({"benchmark": "grammar", "cpus": os.cpu_count(), "libraries": rows, "engines": whole}))


if __name__ == "__main__":
    main()
