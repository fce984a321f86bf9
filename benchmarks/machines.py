"""Which model to take on which machine: the table of docs/models.md, calculated by the rule of `askcam models`.

    python benchmarks/machines.py

Nothing is measured. What each machine has free and how fast it multiplies is assumed, and stands in the table; the
model, what it holds and how soon its first word comes follow from that. `askcam models` measures these two on the
machine at hand instead. The table, then one JSON line.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from askcam.engine.catalogue.advice import ModelHere, here, recommended
from askcam.engine.catalogue.catalogue import BUILT_IN, catalogue
from askcam.engine.catalogue.estimate import HostMachine

GB, GFLOPS, TFLOPS = 10**9, 1e9, 1e12
HEAD = (
    "| machine | assumed free, products a second | take | it holds | first word after | what helps |\n"
    "| --- | --- | --- | --- | --- | --- |"
)
LOW = "`--power low`; a model server on a machine with a GPU"


@dataclass(frozen=True, slots=True)
class AssumedMachine:
    """`host`: what is assumed of it. `helps`: for the table."""

    host: HostMachine
    helps: str


def _cpu(name: str, free_gb: float, gflops: float, gb_s: float, dtype: str, helps: str) -> AssumedMachine:
    size = 4 if dtype == "float32" else 2
    return AssumedMachine(HostMachine(name, "cpu", dtype, size, int(free_gb * GB), gflops * GFLOPS, gb_s * GB), helps)


def _card(name: str, free_gb: float, tflops: float, gb_s: float, helps: str) -> AssumedMachine:
    host = HostMachine(name, "cuda", "bfloat16", 2, int(free_gb * GB), tflops * TFLOPS, gb_s * GB)
    return AssumedMachine(host, helps)


MACHINES = (
    _cpu("laptop, 8 GB, no GPU", 5, 150, 15, "float32", LOW),
    _cpu("laptop, 16 GB, no GPU", 12, 200, 20, "float32", LOW),
    _cpu("the same, with AMX or AVX512-BF16", 12, 600, 30, "bfloat16", "`--power low`"),
    _card("card of 8 GB", 7.3, 20, 250, "a smaller model for more cameras"),
    _card("card of 12 GB", 11.3, 25, 330, "a smaller model for more cameras"),
    _card("card of 24 GB", 23, 70, 800, "a smaller model for more cameras"),
    _cpu("Raspberry Pi 5, 4 GB", 2.8, 60, 7, "float32", "a model server on another machine: the Pi has the cameras"),
    _cpu("Raspberry Pi 5, 8 GB", 6.5, 60, 7, "float32", "the same"),
    _cpu(
        "Mac, 16 GB, on its CPU (`--device cpu`)", 11, 300, 60, "float32",
        "a model server that uses its GPU: Ollama, llama.cpp, LM Studio ([remote.md](remote.md))",
    ),
)  # fmt: skip


def rows() -> Iterator[tuple[AssumedMachine, ModelHere]]:
    """Each machine, and what is recommended there; where nothing fits, the built-in model."""
    for machine in MACHINES:
        found = {name: here(model, machine.host, None) for name, model in catalogue().items()}
        yield machine, recommended(found.values()) or found[BUILT_IN]


def line(machine: AssumedMachine, best: ModelHere) -> str:
    """A row of the table."""
    host, model = machine.host, best.model
    speed = f"{host.flops / TFLOPS:g} TFLOP/s" if host.flops >= TFLOPS else f"{host.flops / GFLOPS:g} GFLOP/s"
    assumed = f"{host.free_bytes / GB:g} GB, {speed} in {host.dtype}"
    held = f"{best.cameras} camera{'' if best.cameras == 1 else 's'} of 2 fps"
    if not best.cameras:
        held = f"one at a frame in {1 / best.fps:.2g} s"
    take, first = f"`{model.name}`", f"{best.first_word_s:.2g} s"
    if model.name == BUILT_IN:  # its figures there stand in the document, from measured ones
        take, held, first = "no real one fits; the built-in one", "[below](#small-machines)", "[below](#small-machines)"
    return f"| {host.name} | {assumed} | {take} | {held} | {first} | {machine.helps} |"


def table() -> str:
    """As it stands in docs/models.md."""
    return "\n".join([HEAD, *(line(*row) for row in rows())])


def values(machine: AssumedMachine, best: ModelHere) -> Mapping[str, Any]:
    figures = {"cameras": best.cameras, "fps": round(best.fps, 4), "first_word_s": round(best.first_word_s, 3)}
    return {"machine": machine.host.name, "model": best.model.name, **figures}


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(table())
    print(json.dumps([values(*row) for row in rows()]))


if __name__ == "__main__":
    main()
