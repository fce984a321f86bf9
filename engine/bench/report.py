"""What a run of `askcam bench engine` found, for people and in one glance."""

import json
import platform
import sys
import time
from collections.abc import Sequence
from typing import Any

import torch
import transformers

from askcam.engine.loading import Loaded

RATIO_FRAMES = 16  # the window at which `ttft_ratio` is taken


def finish(table: str, found: dict[str, Any]) -> None:
    """Print what was found, and one line of JSON as the last. Exits with 1 when a step failed."""
    print(table)
    print(json.dumps(found))
    if found["errors"]:
        sys.exit(1)


def about(loaded: Loaded) -> dict[str, Any]:
    """What is measured, on what."""
    cuda = loaded.device.type == "cuda"
    name = torch.cuda.get_device_name(loaded.device) if cuda else f"cpu ({platform.machine()})"
    return {
        "bench": "engine",
        "model": loaded.info.id,
        "parameters": loaded.info.num_parameters,
        "device": name,
        "dtype": loaded.info.dtype,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def sum_up(found: dict[str, Any], lengths: Sequence[int], device: torch.device) -> None:
    """Add the ratios, where both of their figures are there."""
    frames = found["ttft_frames"] = min(lengths, key=lambda count: abs(count - RATIO_FRAMES))
    stock = found.get(f"portable, {frames} frames")
    for name, more in (("", ""), (", provisional pair", "_provisional")):
        live = found.get(f"live, {frames} frames{name}")
        if stock and live:
            prepared_ms = stock["first_token_ms"] - stock["preprocess_ms"]
            found[f"ttft_ratio{more}"] = round(live["first_token_ms"] / stock["first_token_ms"], 4)
            found[f"ttft_ratio{more}_without_preprocess"] = round(live["first_token_ms"] / prepared_ms, 4)
        rows = [found.get(f"live, {count} frames{name}") for count in (lengths[0], lengths[-1])]
        if rows[0] and rows[-1] and len(lengths) > 1:
            found[f"longest_by_shortest{more}"] = round(rows[-1]["first_token_ms"] / rows[0]["first_token_ms"], 3)
    together = {name.partition(", ")[0]: row for name, row in found.items() if "questions" in name}  # own windows last
    if len(together) == 2:
        rate = together["live"]["tokens_per_s"] / together["portable"]["tokens_per_s"]
        found["together_tokens_ratio"] = round(rate, 2)
    if "floor" in found and device.type == "cuda":  # a CPU keeps small models in its caches
        for row in found.values():
            if isinstance(row, dict) and "prefill_ms" in row and row.get("tokens_per_s"):
                row["share_of_floor"] = round(found["floor"]["floor_ms"] * row["tokens_per_s"] / 1e3, 3)


def table(found: dict[str, Any]) -> str:
    """For people: a line per step."""
    lines = [
        f"{found['model']} ({found['parameters'] / 1e6:.1f}M, {found['dtype']}) on {found['device']}, "
        f"{found['threads']}, {found['date']}"
    ]
    for name, row in found.items():
        if isinstance(row, dict) and name != "errors":
            lines.append(f"{name:36s}" + "  ".join(f"{key} {value:g}" for key, value in row.items()))
    for name, said in found["errors"].items():
        lines.append(f"{name:36s}FAILED: {said}")
    frames = found.get("ttft_frames")
    for more, name in (("", "whole pairs"), ("_provisional", "with a provisional pair")):
        if f"ttft_ratio{more}" in found:
            lines.append(
                f"first token, live / portable at {frames} frames, {name}: {found[f'ttft_ratio{more}']:g} "
                f"(without preprocessing: {found[f'ttft_ratio{more}_without_preprocess']:g})"
            )
        if f"longest_by_shortest{more}" in found:
            lines.append(f"first token, longest / shortest window, {name}: {found[f'longest_by_shortest{more}']:g}")
    if "together_tokens_ratio" in found:
        lines.append(f"tokens a second of questions at once, live / portable: {found['together_tokens_ratio']:g}")
    if not found["device"].startswith("NVIDIA"):
        lines.append("no GPU was used: these are no GPU figures")
    return "\n".join(lines)
