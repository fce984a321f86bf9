"""Which dtype a CPU gets: of what is measured, what the checkpoint holds, and what memory is left."""

from collections.abc import Mapping

import pytest
import torch

from askcam.engine import cpu_dtype
from askcam.engine.cpu_dtype import Speeds, choose, measure

WIDE, NARROW = torch.float32, torch.bfloat16
TWO_B = {WIDE: 8_800_000_000, NARROW: 4_400_000_000}
SMALL = {WIDE: 20_000_000, NARROW: 10_000_000}
ROOMY = 64_000_000_000
Measured = Mapping[torch.dtype, Speeds]
FASTER: Measured = {WIDE: Speeds(0.7, 0.02), NARROW: Speeds(0.1, 0.01)}
PROMPTS_ONLY: Measured = {WIDE: Speeds(0.7, 0.01), NARROW: Speeds(0.1, 0.02)}
ALIKE_TOKENS: Measured = {WIDE: Speeds(0.7, 0.0096), NARROW: Speeds(0.1, 0.01)}
TOKENS_ONLY: Measured = {WIDE: Speeds(0.1, 0.02), NARROW: Speeds(0.7, 0.01)}


@pytest.mark.parametrize(
    ("needed", "left", "stored_so", "measured", "dtype", "why"),
    [
        (TWO_B, ROOMY, True, FASTER, NARROW, "7.0 times as fast for prompts and frames, 2.0 times for a token"),
        (TWO_B, ROOMY, True, ALIKE_TOKENS, NARROW, "7.0 times as fast for prompts and frames, 1.0 times for a token"),
        (TWO_B, ROOMY, True, PROMPTS_ONLY, WIDE, "slower in one"),
        (TWO_B, ROOMY, True, TOKENS_ONLY, WIDE, "slower in one"),
        (TWO_B, ROOMY, True, {}, WIDE, "no units for bfloat16"),
        (TWO_B, 6_000_000_000, True, {}, NARROW, "would take 8.80 GB, and 6.00 GB are left"),
        (TWO_B, 6_000_000_000, True, PROMPTS_ONLY, NARROW, "would take"),
        (TWO_B, 1_000_000_000, True, {}, NARROW, "would take"),  # neither fits, which is told of the smaller one
        (TWO_B, ROOMY, False, FASTER, WIDE, "not in bfloat16"),
        (TWO_B, 6_000_000_000, False, FASTER, WIDE, "not in bfloat16"),
        (SMALL, ROOMY, True, FASTER, WIDE, "small enough"),
        (SMALL, 15_000_000, True, FASTER, NARROW, "would take"),
    ],
)
def test_the_choice(
    needed: Mapping[torch.dtype, int], left: int, stored_so: bool, measured: Measured, dtype: torch.dtype, why: str
) -> None:
    found = choose(needed, left, stored_so, lambda: measured)
    assert found.dtype == dtype
    assert found.why.startswith(str(dtype).removeprefix("torch."))
    assert why in found.why


def test_nothing_is_measured_where_speed_decides_nothing() -> None:
    def never() -> Measured:
        raise AssertionError("it was measured")

    choose(SMALL, ROOMY, True, never)
    choose(TWO_B, 6_000_000_000, True, never)
    choose(TWO_B, ROOMY, False, never)


def test_a_cpu_without_units_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False, raising=False)
    assert measure(64, 128) == {}
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):  # a torch that has no such question
        monkeypatch.delattr(torch.cpu, name)
    assert measure(64, 128) == {}


def test_measuring_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_dtype, "has_units", lambda: True)
    now, asked = 0.0, 0

    def clock() -> float:
        nonlocal now, asked
        now, asked = now + 1.0, asked + 1  # every product takes a second
        return now

    assert measure(64, 1 << 40, clock) == {WIDE: Speeds(1.0, 1.0), NARROW: Speeds(1.0, 1.0)}
    assert asked < 25  # two rounds
