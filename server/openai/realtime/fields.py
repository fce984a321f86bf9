"""What becomes of each field of a realtime session, and of one response of it. Pure."""

from collections.abc import Mapping

from askcam.server.openai.fates import (
    NOTHING,
    OTHERS,
    SERVICE,
    SPEED,
    UNTHOUGHT,
    Fate,
    FieldRefused,
    FieldTaken,
    Ignored,
)

NO_AUDIO = Ignored("there is no audio here")
TOLD = Ignored("is told back to the server by clients that keep its objects")
PROMPT = FieldRefused("prompts are not stored here: put its words into instructions", NOTHING)
ONE_FORM = FieldRefused("answers are words here: for JSON, use /v1/chat/completions or /v1/responses", NOTHING)
GREEDY = FieldRefused("temperature is the one that is taken here", (0, 1))

_BOTH: Mapping[str, Fate] = {
    **OTHERS,
    "instructions": FieldTaken(),
    "max_output_tokens": FieldTaken('"inf": as many as the server allows'),
    "max_response_output_tokens": FieldTaken("the same, as it once was called"),
    "output_modalities": FieldTaken('["text"]'),
    "modalities": FieldTaken("the same, as it once was called"),
    "temperature": FieldTaken(),
    "tools": FieldTaken("functions"),
    "tool_choice": FieldTaken(),
    "parallel_tool_calls": FieldTaken(),
    "askcam": FieldTaken(),
    "prompt": PROMPT,
    "reasoning": UNTHOUGHT,
    "audio": NO_AUDIO,
    "voice": NO_AUDIO,
    "speed": NO_AUDIO,
    "output_audio_format": NO_AUDIO,
    "top_p": FieldRefused("temperature is the one that is taken here", (0, 1)),
    "top_k": FieldRefused("temperature is the one that is taken here", (0, -1)),
    "seed": FieldRefused("temperature is the one that is taken here", (-1,)),
    "stop": FieldRefused("response.cancel ends an answer", NOTHING),
    "repetition_penalty": GREEDY,
    "frequency_penalty": FieldRefused("temperature is the one that is taken here", (0,)),
    "presence_penalty": FieldRefused("temperature is the one that is taken here", (0,)),
    "min_tokens": FieldRefused("max_output_tokens is the one that is taken here", (0,)),
    "max_tokens": FieldRefused("use max_output_tokens", (-1,)),
    "max_completion_tokens": FieldRefused("use max_output_tokens", (-1,)),
    "n": FieldRefused("one answer per response: ask again for another", (1,)),
    "response_format": ONE_FORM,
    "text": ONE_FORM,
    "guided_json": ONE_FORM,
    "structured_outputs": ONE_FORM,
    "json_schema": ONE_FORM,
    "format": ONE_FORM,
    "messages": FieldRefused("create items with conversation.item.create", NOTHING),
    "user": SERVICE,
    "store": SERVICE,
}

SESSION: Mapping[str, Fate] = {
    **_BOTH,
    "type": FieldTaken(),
    "model": FieldTaken(),
    "truncation": FieldTaken(),
    "include": Ignored("concerns what is told of audio"),
    "tracing": SERVICE,
    "input_audio_format": NO_AUDIO,
    "input_audio_transcription": NO_AUDIO,
    "input_audio_noise_reduction": NO_AUDIO,
    "turn_detection": NO_AUDIO,
    "id": TOLD,
    "object": TOLD,
    "expires_at": TOLD,
    "client_secret": TOLD,
    "metadata": SERVICE,
}

RESPONSE: Mapping[str, Fate] = {
    **_BOTH,
    "conversation": FieldTaken('"auto", "none"'),
    "input": FieldTaken(),
    "metadata": FieldTaken(),
    "commit": NO_AUDIO,
    "cancel_previous": SPEED,
}
