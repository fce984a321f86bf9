"""Tokens as OpenAI's Realtime counts them. Pure."""

from typing import Any

from askcam.engine.question import Usage


def usage(count: Usage) -> dict[str, Any]:
    """What was found computed (the window, above all) is a part of the input."""
    return {
        "total_tokens": count.prompt_tokens + count.completion_tokens,
        "input_tokens": count.prompt_tokens,
        "output_tokens": count.completion_tokens,
        "input_token_details": {
            "text_tokens": count.prompt_tokens - count.vision_tokens,
            "image_tokens": count.vision_tokens,
            "audio_tokens": 0,
            "cached_tokens": count.cached_tokens,
        },
        "output_token_details": {"text_tokens": count.completion_tokens, "audio_tokens": 0},
    }
