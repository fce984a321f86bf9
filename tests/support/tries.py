"""How every route is tried with what is of another camera, in every place where that may stand."""

from dataclasses import dataclass, field
from typing import Any

from support.vault import QUESTION, watch


@dataclass(frozen=True)
class Try:
    """`{camera}` and the like stand for what is of the vault, or is not there."""

    path: str = ""  # "": the endpoint's own, filled as `names` say
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


CHAT = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 2}
CALIBRATION = {
    "watch": None, "camera": "{camera}", "question": QUESTION, "source": "a film", "model": "m", "made_at": "now",
    "samples": 0, "positives": 0, "blind": 0, "enough": False, "ece": 0, "brier": 0, "auc": None, "precision": 0.9,
    "object": "askcam.calibration", "proposed": None, "worth": None, "intervals": {}, "roc": [], "bins": [],
    "notes": [],
}  # fmt: skip
NAMED = (Try(),)  # its path says it all
OPEN: tuple[Try, ...] = ()  # tells nothing of any camera, whoever asks

TRIES: dict[str, tuple[Try, ...]] = {
    "GET /": OPEN,
    "GET /desk": OPEN,
    "GET /wall": OPEN,
    "GET /web/{path}": OPEN,
    "GET /words": OPEN,
    "GET /openapi.json": (Try("/openapi.json"),),
    "GET /healthz": (Try("/healthz"),),
    "GET /readyz": (Try("/readyz"),),
    "GET /metrics": (Try("/metrics"),),
    "POST /mcp": tuple(
        Try("/mcp", body={"jsonrpc": "2.0", "id": 1, "method": method, "params": said}, headers={
            "accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"})
        for method, said in (
            *(("tools/call", {"name": name, "arguments": arguments}) for name, arguments in (
                ("list_cameras", {}), ("list_watches", {}), ("events", {}), ("events", {"camera": "{camera}"}),
                ("search_timeline", {"query": "anything"}), ("search_timeline", {"query": "x", "camera": "{camera}"}),
                ("ask_camera", {"camera": "{camera}", "question": QUESTION}), ("snapshot", {"camera": "{camera}"}),
                ("ask_cameras", {"question": QUESTION, "cameras": ["{camera}"]}),
                ("answer_evidence", {"answer": "{answer}"}), ("event_picture", {"event": "{event}"}),
                ("propose_watch", {"question": QUESTION, "cameras": ["{camera}"]}),
                ("confirm_watch", {"proposal": "{proposal}"}),
                ("judge_event", {"event": "{event}", "verdict": "wrong"}),
            )),
            ("resources/read", {"uri": "askcam://cameras/{camera}"}),
            ("resources/read", {"uri": "askcam://cameras/{camera}/snapshot.jpg"}),
            ("resources/read", {"uri": "askcam://events/{event}"}),
            ("resources/read", {"uri": "askcam://answers/{answer}"}),
            ("resources/list", {}), ("resources/templates/list", {}), ("tools/list", {}), ("prompts/list", {}),
            ("prompts/get", {"name": "look", "arguments": {"camera": "{camera}"}}),
        )
    ),
    "GET /v1/session": (Try("/v1/session"),),
    "POST /v1/session": OPEN,
    "DELETE /v1/session": OPEN,
    "GET /v1/models": NAMED,
    "GET /v1/models/{name}": (Try("/v1/models/{camera}"), Try("/v1/models/{pushed}")),
    "POST /v1/ask": (
        Try(body={"question": QUESTION, "max_tokens": 2}),
        Try(body={"question": QUESTION, "cameras": "all", "stream": True, "max_tokens": 2}),
        Try(body={"question": QUESTION, "cameras": ["{camera}"]}),
        Try(body={"question": QUESTION, "cameras": ["lobby", "{camera}"]}),
        Try(body={"question": QUESTION, "cameras": ["{pushed}"]}),
        Try(body={"question": QUESTION, "cameras": ["{camera}"], "zone": "door"}),
    ),
    "POST /v1/chat/completions": tuple(
        Try(body=CHAT | {"model": model, **more})
        for model in ("{camera}", "{pushed}", "all")
        for more in ({}, {"stream": True}, {"askcam": {"model": "askcam"}}, {"askcam": {"model": "nobody"}},
                     {"messages": []}, {"askcam": {"zone": "door"}}, {"askcam": {"zone": "nowhere"}},
                     {"askcam": {"tools": ["read_barcode"]}})
    ),
    "POST /v1/responses": tuple(
        Try(body={"input": QUESTION, "max_output_tokens": 2} | said)
        for said in (
            {"model": "{camera}"}, {"model": "{pushed}"}, {"model": "{camera}", "stream": True},
            {"model": "{camera}", "askcam": {"model": "nobody"}},
            {"model": "all"},
            {"model": "lobby", "previous_response_id": "{response}"},
            {"model": "lobby", "input": [{"type": "item_reference", "id": "{item}"}]},
        )
    ),
    "GET /v1/responses/{id}": (Try("/v1/responses/{response}"),),
    "GET /v1/responses/{id}/input_items": (Try("/v1/responses/{response}/input_items", {"after": "{item}"}),
                                           Try("/v1/responses/{response}/input_items", {"limit": "1", "order": "asc"})),
    "DELETE /v1/responses/{id}": (Try("/v1/responses/{response}"),),
    "WEBSOCKET /v1/realtime": OPEN,  # below: a conversation is more than one request
    "WEBSOCKET /{path}": OPEN,
    "GET /v1/cameras": NAMED,
    "POST /v1/cameras": (Try(body={"name": "{camera}", "uri": "synthetic:1", "fps": 1, "model": "askcam"}),),
    **{
        f"{method} /v1/cameras/{{name}}{rest}": tuple(
            Try(f"/v1/cameras/{name}{rest}", query) for name in ("{camera}", "{pushed}")
            for query in ({}, {"width": "64", "fps": "1"}))
        for method, rest in (
            ("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/snapshot.jpg"), ("GET", "/live.mjpeg"),
            ("GET", "/desk"))
    },
    "GET /v1/answers/{id}": (Try("/v1/answers/{answer}"),),
    "GET /v1/answers/{id}/frames/{index}.jpg": (Try("/v1/answers/{answer}/frames/0.jpg"),
                                                Try("/v1/answers/{answer}/frames/999.jpg")),
    "GET /v1/answers/{id}/key.jpg": (Try("/v1/answers/{answer}/key.jpg"),),
    "GET /v1/tools": NAMED,
    "GET /v1/watches": NAMED,
    **{
        f"POST /v1/watches{rest}": tuple(
            Try(body=watch("mine", *cameras) | more)
            for cameras in (("{camera}",), ("lobby", "{camera}"), ("{pushed}",))
            for more in ({}, {"model": "nobody"}, {"zone": "door"}, {"zone": "nowhere"})
        )
        for rest in ("", "/check")
    },
    "GET /v1/watches/{name}": (Try("/v1/watches/{watch}"),),
    "PATCH /v1/watches/{name}": (
        Try("/v1/watches/{watch}", body={"on": 0.5}),
        Try("/v1/watches/{watch}", body={"question": QUESTION, "cameras": ["lobby"], "model": "nobody"}),
        Try("/v1/watches/{watch}", body={"zone": "door"}),
        Try("/v1/watches/in-lobby", body={"cameras": ["{camera}"]}),
        Try("/v1/watches/in-lobby", body={"cameras": ["{camera}"], "zone": "door"}),
        Try("/v1/watches/in-lobby", body={"cameras": ["lobby", "{camera}"]}),
    ),
    "DELETE /v1/watches/{name}": (Try("/v1/watches/{watch}"),),
    "GET /v1/watches/{name}/readings": (
        Try("/v1/watches/{watch}/readings"), Try("/v1/watches/in-both/readings"),
        Try("/v1/watches/{watch}/readings", {"camera": "{camera}"}),
        Try("/v1/watches/in-lobby/readings", {"camera": "{camera}"}),
        Try("/v1/watches/in-both/readings", {"camera": "{camera}", "since": "2026-01-01T00:00:00Z"}),
    ),
    "GET /v1/watches/{name}/calibration": (Try("/v1/watches/{watch}/calibration"),),
    "PUT /v1/watches/{name}/calibration": (Try("/v1/watches/{watch}/calibration", body=CALIBRATION),),
    "DELETE /v1/watches/{name}/calibration": (Try("/v1/watches/{watch}/calibration"),),
    "GET /v1/watches/proposals": NAMED,
    "POST /v1/watches/proposals": (Try(body={"question": QUESTION, "cameras": ["{camera}"], "name": "mine"}),
                                   Try(body={"question": QUESTION, "cameras": ["lobby", "{pushed}"]})),
    "GET /v1/watches/proposals/{id}": (Try("/v1/watches/proposals/{proposal}"),),
    "DELETE /v1/watches/proposals/{id}": (Try("/v1/watches/proposals/{proposal}"),),
    "POST /v1/watches/proposals/{id}/confirm": (Try("/v1/watches/proposals/{proposal}/confirm", body={}),),
    "GET /v1/events": (
        Try(), Try(query={"camera": "{camera}"}), Try(query={"watch": "{watch}"}), Try(query={"watch": "in-both"}),
        Try(query={"limit": "500", "since": "2026-01-01T00:00:00Z", "severity": "warning", "acknowledged": "false",
                   "own": "true", "before": "999999", "verdict": "wrong"}),
    ),
    "POST /v1/events/acknowledge": (Try(body={"ids": ["{event}"], "acknowledged": True}),),
    "GET /v1/events/{id}": (Try("/v1/events/{event}"),),
    "POST /v1/events/{id}/acknowledge": (Try("/v1/events/{event}/acknowledge", body={"acknowledged": True}),),
    "POST /v1/events/{id}/judge": (Try("/v1/events/{event}/judge", body={"verdict": "wrong", "note": "no"}),),
    "GET /v1/events/{id}/clip.mp4": (
        Try("/v1/events/{event}/clip.mp4"), Try("/v1/events/{event}/clip.mp4", headers={"range": "bytes=0-9"}),
    ),
    "GET /clips/{id}.mp4": (
        Try("/clips/{event}.mp4"), Try("/clips/{event}.mp4", {"at": "1", "until": "9999999999", "key": "x"}),
    ),
    "GET /v1/events/{id}/frame.jpg": (Try("/v1/events/{event}/frame.jpg"),),
    "GET /v1/events/{id}/frames/{index}.jpg": (Try("/v1/events/{event}/frames/0.jpg"),
                                               Try("/v1/events/{event}/frames/999.jpg")),
    "GET /v1/deliveries": (Try(query={"target": "x", "before": "9", "limit": "9"}),),
    "POST /v1/deliveries/retry": (Try(body={"target": "x"}),),
    "POST /v1/deliveries/{id}/retry": (Try("/v1/deliveries/1/retry", body={}),),
    "POST /v1/notify/{name}/test": (Try("/v1/notify/x/test", body={}),),
    "GET /v1/timeline": (
        Try(), Try(query={"camera": "{camera}"}), Try(query={"query": "anything", "order": "asc", "level": "note"}),
        Try(query={"before": "{entry}"}), Try(query={"before": "{entry}", "order": "asc", "limit": "5"}),
        Try(query={"since": "00:00", "until": "now"}),
    ),
    "GET /v1/timeline/{id}/frame.jpg": (Try("/v1/timeline/{entry}/frame.jpg"),),
}  # fmt: skip

# Parameters and fields of bodies in which no camera and nothing of one can stand.
HARMLESS = {
    *("Last-Event-ID", "path", "token", "stream_options"),  # the first: below, with the stream
    *(each for each in ("max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "repetition_penalty",
      "min_tokens", "seed", "stop", "logprobs", "top_logprobs", "response_format", "tools", "tool_choice",
      "parallel_tool_calls", "reasoning_effort", "enable_thinking", "instructions", "max_output_tokens", "text",
      "metadata", "store", "include", "truncation", "reasoning", "max_age_ms", "max_wait_ms")),
    *("kind", "choices", "on_when", "every_s", "window_s", "for_s", "cooldown_s", "quiet", "time_zone", "severity",
      "only_when_healthy", "enabled", "on", "off"),
    *("Range", "If-None-Match"),
    *("masks", "zones"),  # of a camera that the path, or the body, names
}  # fmt: skip
