"""How long an answer takes in stock transformers, stage by stage: `askcam bench portable`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from askcam.engine.bench.arguments import even, positive, say, size
from askcam.engine.bench.rows import DTYPES, Options, Row
from askcam.engine.errors import EngineError

STAGES = {
    "wait": "wait_ms",
    "preprocess": "preprocess_ms",
    "vision": "vision_ms",
    "prefill": "prefill_ms",
    "first token": "first_token_ms",
    "decode": "decode_ms",
    "whole answer": "total_ms",
}


def run(argv: Sequence[str] | None = None, default_model: str | None = None) -> None:
    """Measure, print a table, and one line of JSON as the last. Exits with 2 and one line on wrong arguments."""
    options = Options(**{"say": say, **vars(_parser(default_model).parse_args(argv))})
    from askcam.engine.bench.still import measure  # torch, only now

    try:
        about, rows = measure(options)
    except EngineError as exc:
        say(f"bench: {exc}")
        sys.exit(2)
    print(table(about, rows))
    print(json.dumps({**about, "rows": [asdict(row) for row in rows]}))


def table(about: dict[str, Any], rows: Sequence[Row]) -> str:
    """For people: one column per window length."""
    lines = [
        f"{about['model']} ({about['parameters'] / 1e6:.1f}M, {about['dtype']}) on {about['device']}, "
        f"portable backend, medians over {about['repeats']}, milliseconds",
        "",
    ]
    body = [
        ["frames", *(str(row.frames) for row in rows)],
        ["size", *(f"{row.width}x{row.height}" for row in rows)],
        ["prompt tokens", *(str(row.prompt_tokens) for row in rows)],
        ["answer tokens", *(str(row.answer_tokens) for row in rows)],
    ]
    for name, field in STAGES.items():
        body.append([name, *(f"{getattr(row, field):.1f}" for row in rows)])
    body.append(["tokens/s", *(f"{row.tokens_per_s:.1f}" for row in rows)])
    widths = [max(len(line[i]) for line in body) for i in range(len(rows) + 1)]
    for line in body:
        cells = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        lines.append("  ".join([line[0].ljust(widths[0]), *cells]))
    return "\n".join(lines)


def _parser(default_model: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="askcam bench", description="Where the time of an answer goes.")
    parser.add_argument("what", choices=["portable"], help="the backend: stock transformers")
    which = parser.add_mutually_exclusive_group(required=default_model is None)
    which.add_argument("--model", default=default_model, help="a model's folder or hub id")
    which.add_argument("--shape", choices=["2b", "7b"], help="random weights of Qwen2-VL's real shape")
    which.add_argument(
        "--tiny", action="store_const", const="tiny", dest="shape", help="a random toy, to see that it runs"
    )
    parser.add_argument("--frames", type=even, nargs="+", default=[8], metavar="N", help="window lengths (8)")
    parser.add_argument("--size", type=size, metavar="WxH", help="the camera's picture")
    parser.add_argument("--tokens", type=positive, default=32, metavar="N", help="longest answer (32)")
    parser.add_argument("--repeats", type=positive, default=20, metavar="N", help="questions per window (20)")
    parser.add_argument("--threads", type=positive, metavar="N", help="CPU threads (torch's choice)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto", choices=DTYPES)
    return parser
