"""What becomes of each field of a request: one table per protocol, and what reads it. Pure.

A field is taken (the request's own type says how), means nothing here and is ignored, or would change the answer and
is refused by its name, unless its value says what happens anyway. Fields that are in no table are ignored, as other
servers do. An explicit null is the same as an absent field, everywhere but inside JSON Schemas.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from askcam.server.errors import Invalid
from askcam.server.given_names import quoted

# What is under these names is a schema, or nobody's business here: a null in it may mean something.
OPAQUE = frozenset({"parameters", "schema", "json_schema", "guided_json", "format", "structured_outputs", "arguments"})
FORMATS = ("text", "json_object", "json_schema")


@dataclass(frozen=True, slots=True)
class FieldTaken:
    """It has its effect. `how`: where that isn't plain from its name."""

    how: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """The answer is the same with it. `why`."""

    why: str


@dataclass(frozen=True, slots=True)
class FieldRefused:
    """It would change the answer, and can't be honoured. `why`: and what to do. Values in `off` mean: don't."""

    why: str
    off: tuple[Any, ...] = ()


Fate = FieldTaken | Ignored | FieldRefused

NOTHING: tuple[Any, ...] = (False, 0, "", [], {})
SERVICE = Ignored("concerns OpenAI's own service")
SERVICES: Mapping[str, Fate] = dict.fromkeys(
    (
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "service_tier",
        "moderation",
    ),
    SERVICE,
)
SPEED = Ignored("concerns how fast an answer comes, not what it says")
UNTHOUGHT = Ignored("models think as enable_thinking, reasoning_effort and the server say, and not by measure")
SHOWN = Ignored("concerns what is told beside the answer")

PENALTY = "use repetition_penalty"
FORM = 'use response_format {"type": "json_schema", ...}, or an enum in it'
FORM_HERE = "answers are held to a JSON Schema only"
TEMPLATE = "the model's own chat template is used, as it is"
ANEW = "answers begin anew, from the frames of now: put what is to be continued into the question"

# Of other servers: vLLM, SGLang, llama.cpp, Ollama, TGI, Mistral, OpenRouter, Anthropic.
OTHERS: Mapping[str, Fate] = {
    "best_of": FieldRefused("one answer per request", (0, 1)),
    "use_beam_search": FieldRefused("answers are not searched for", NOTHING),
    "length_penalty": FieldRefused("it belongs to beam search", (0, 1)),
    "early_stopping": FieldRefused("it belongs to beam search", NOTHING),
    "min_p": FieldRefused("use top_p or top_k", (0,)),
    "top_a": FieldRefused("use top_p or top_k", (0,)),
    "typical_p": FieldRefused("use top_p or top_k", (0, 1)),
    "tfs_z": FieldRefused("use top_p or top_k", (0, 1)),
    "mirostat": FieldRefused("use temperature and top_p", NOTHING),
    "mirostat_tau": Ignored("has no effect without mirostat"),
    "mirostat_eta": Ignored("has no effect without mirostat"),
    "dynatemp_range": FieldRefused("use temperature", (0,)),
    "dynatemp_exponent": Ignored("has no effect without dynatemp_range"),
    "xtc_probability": FieldRefused("use temperature and top_p", (0,)),
    "xtc_threshold": Ignored("has no effect without xtc_probability"),
    "dry_multiplier": FieldRefused(PENALTY, (0,)),
    "dry_base": Ignored("has no effect without dry_multiplier"),
    "dry_allowed_length": Ignored("has no effect without dry_multiplier"),
    "dry_penalty_last_n": Ignored("has no effect without dry_multiplier"),
    "dry_sequence_breakers": Ignored("has no effect without dry_multiplier"),
    "repeat_penalty": FieldRefused(PENALTY, (0, 1)),
    "repeat_last_n": Ignored("has no effect without repeat_penalty"),
    "penalize_nl": Ignored("has no effect without repeat_penalty"),
    "no_repeat_ngram_size": FieldRefused(PENALTY, NOTHING),
    "encoder_repetition_penalty": FieldRefused(PENALTY, (0, 1)),
    "min_keep": Ignored("bounds samplers that are off"),
    "samplers": FieldRefused("temperature, top_k and top_p are applied in this order", NOTHING),
    "sampler_seed": FieldRefused("use seed", (-1,)),
    "logit_bias": FieldRefused("no token can be favoured or banned", NOTHING),
    "bad_words": FieldRefused("no token can be banned", NOTHING),
    "allowed_token_ids": FieldRefused("no token can be banned", NOTHING),
    "logits_processors": FieldRefused("none can be brought along", NOTHING),
    "custom_logit_processor": FieldRefused("none can be brought along", NOTHING),
    "custom_params": FieldRefused("they belong to a logits processor", NOTHING),
    "watermark": FieldRefused("answers are not marked", NOTHING),
    "ignore_eos": FieldRefused("the model ends its answers itself; min_tokens and max_tokens bound them", NOTHING),
    "stop_token_ids": FieldRefused("use stop, with strings", NOTHING),
    "stop_regex": FieldRefused("use stop, with strings", NOTHING),
    "include_stop_str_in_output": FieldRefused("an answer ends before its stop string", NOTHING),
    "no_stop_trim": FieldRefused("an answer ends before its stop string", NOTHING),
    "skip_special_tokens": FieldRefused("special tokens are never part of an answer", (True, 1)),
    "return_tokens_as_token_ids": FieldRefused("tokens are told as text and bytes", NOTHING),
    "prompt_logprobs": FieldRefused("the prompt is not scored", (False, [], {})),
    "truncate_prompt_tokens": FieldRefused("leave old turns out yourself", (-1, 0)),
    "echo": FieldRefused("an answer holds its own words only", NOTHING),
    "add_generation_prompt": FieldRefused(ANEW, (True, 1)),
    "continue_final_message": FieldRefused(ANEW, NOTHING),
    "add_special_tokens": FieldRefused(TEMPLATE, NOTHING),
    "chat_template": FieldRefused(TEMPLATE, ("",)),
    "documents": FieldRefused("put their words into the question", NOTHING),
    "mm_processor_kwargs": FieldRefused("the size of pictures is set in askcam.toml", NOTHING),
    "media_io_kwargs": FieldRefused("two frames a second of a clip are read", NOTHING),
    "guided_regex": FieldRefused(FORM, ("",)),
    "guided_choice": FieldRefused(FORM, ([], "")),
    "guided_grammar": FieldRefused(FORM, ("",)),
    "guided_decoding_backend": SPEED,
    "guided_whitespace_pattern": FieldRefused("JSON comes on one line", ("",)),
    "grammar": FieldRefused(FORM, ("",)),
    "regex": FieldRefused(FORM, ("",)),
    "ebnf": FieldRefused(FORM, ("",)),
    "structural_tag": FieldRefused(FORM, ("",)),
    "lora_path": FieldRefused("one model runs here", NOTHING),
    "lora": FieldRefused("one model runs here", NOTHING),
    "adapter_id": FieldRefused("one model runs here", ("",)),
    "cache_salt": SPEED,
    "cache_prompt": SPEED,
    "id_slot": SPEED,
    "slot_id": SPEED,
    "n_keep": SPEED,
    "n_probs": SHOWN,
    "priority": SPEED,
    "keep_alive": SPEED,
    "request_id": SHOWN,
    "rid": SHOWN,
    "n_indent": FieldRefused("it belongs to code completion", NOTHING),
    "suffix": FieldRefused("it belongs to code completion", ("",)),
    "options": FieldRefused(
        "send what is in it as fields of the request: temperature, top_k, max_tokens, ...", NOTHING
    ),
    "extra_body": FieldRefused("send what is in it as fields of the request", NOTHING),
    "raw": FieldRefused(TEMPLATE, NOTHING),
    "template": FieldRefused(TEMPLATE, ("",)),
    "images": FieldRefused("put pictures into a user's message", NOTHING),
    "image_data": FieldRefused("put pictures into a user's message", NOTHING),
    "system": FieldRefused("send it as a message of role system", NOTHING),
    "system_prompt": FieldRefused("send it as a message of role system", NOTHING),
    "safe_prompt": FieldRefused("say it in words", NOTHING),
    "tool_prompt": FieldRefused("say it in words", ("",)),
    "plugins": FieldRefused("none run here; server-side tools are named in askcam.tools", NOTHING),
    "transforms": FieldRefused("leave old turns out yourself", NOTHING),
    "think": UNTHOUGHT,
    "thinking": UNTHOUGHT,
    "thinking_budget": UNTHOUGHT,
    "enable_thinking": UNTHOUGHT,
    "thinking_token_budget": UNTHOUGHT,
    "include_reasoning": UNTHOUGHT,
    "separate_reasoning": UNTHOUGHT,
    "stream_reasoning": UNTHOUGHT,
    "reasoning_format": UNTHOUGHT,
    "reasoning_content": UNTHOUGHT,
    "prompt_mode": UNTHOUGHT,
    "models": SERVICE,
    "route": SERVICE,
    "provider": SERVICE,
    "usage": SHOWN,
}

THINKING = frozenset({"enable_thinking", "thinking", "reasoning_effort", "preserve_thinking", "clear_thinking"})


def sort_out(values: Mapping[str, Any], fates: Mapping[str, Fate], path: str = "") -> dict[str, Any]:
    """The fields that are taken, and those in no table. Raises Invalid naming a field that is refused."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        match fates.get(name):
            case Ignored():
                continue
            case FieldRefused(why, off):
                if value is not None and not is_off(value, off):
                    raise refused(f"{path}{name}", why)
            case _:
                kept[name] = value
    return kept


def is_off(value: Any, off: Iterable[Any]) -> bool:
    """Whether a value says what happens anyway."""
    return any(value == one for one in off)


def refused(param: str, why: str) -> Invalid:
    """`unsupported_parameter`."""
    return Invalid(f"{quoted(param)} is not supported as given: {why}", param, "unsupported_parameter")


def without_nulls(value: Any) -> Any:
    """`value` without the fields that are null, but as it is in JSON Schemas and in what else is a client's own.

    Raises RecursionError for what is nested too deeply.
    """
    if isinstance(value, dict):
        return {
            name: inner if name in OPAQUE and not _wraps_schema(name, inner) else without_nulls(inner)
            for name, inner in value.items()
            if inner is not None
        }
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value


def _wraps_schema(name: str, value: Any) -> bool:
    """Whether it is OpenAI's object around a schema, or a text format, and not the schema."""
    return isinstance(value, dict) and (
        (name == "json_schema" and "schema" in value) or (name == "format" and value.get("type") in FORMATS)
    )


def whole(values: dict[str, Any], names: Iterable[str]) -> None:
    """Have numbers that clients write as 1.0 be whole, where a whole one is wanted. Changes `values`."""
    for name in names:
        if isinstance(value := values.get(name), float) and value.is_integer():
            values[name] = int(value)


def drop_off(values: dict[str, Any]) -> None:
    """Take what other servers take for "off" as off. Changes `values`."""
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        if _is(values.get(name), -1, -2):
            del values[name]
    if _is(values.get("seed"), -1):
        del values["seed"]
    if _is(values.get("top_k"), -1):
        values["top_k"] = 0
    if _is(values.get("top_p"), 0):
        values["top_p"] = 1.0
    if (stop := values.get("stop")) is not None:
        strings = [one for one in (stop if isinstance(stop, list) else [stop]) if one != ""]
        values["stop"] = strings


def _is(value: Any, *numbers: int) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and value in numbers
