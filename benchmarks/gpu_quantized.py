"""A checkpoint that is quantized on the spot, opened and asked: which backend runs it here, and how fast?

int4 in groups of 32 (compressed-tensors), of random weights as wide as a real model's and four layers deep, and the
same weights as they were. A part of gpu.sh; where a package is missing it says so and is over. The last line is JSON.

    python benchmarks/gpu_quantized.py --part-of 2b --device cuda
"""

import argparse
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from askcam.engine.bench import shapes
from askcam.engine.bench.asking import one_by_one
from askcam.engine.bench.camera import BenchCamera
from askcam.engine.interface import EngineConfig
from askcam.engine.open import open_engine

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
LAYERS = 4  # of the language model, and of the vision tower
FRAMES, FPS = 8, 2.0


def save(folder: Path, part_of: str, device: torch.device) -> None:
    """A checkpoint with a part of that shape's layers, whose head is no other tensor's: quantizing writes both."""
    hidden, layers, heads, kv, inner, words, _, sections, depth, width, vision_heads = shapes.SHAPES[part_of]
    layers, depth = min(LAYERS, layers), min(LAYERS, depth)
    shapes.SHAPES[shapes.PART] = (hidden, layers, heads, kv, inner, words, False, sections, depth, width, vision_heads)
    loaded = shapes.random_model(shapes.PART, device, torch.float32 if device.type == "cpu" else torch.bfloat16)
    loaded.model.save_pretrained(folder)
    loaded.processor.save_pretrained(folder)


def measure(folder: Path, device: str, size: tuple[int, int]) -> dict[str, Any]:
    """Which backend it is, why, what its weights take, and a few questions."""
    engine = open_engine(EngineConfig(str(folder), device=device, kv_gb=0.5))
    try:
        fit = engine.fit(*size)
        camera = BenchCamera("desk", engine.anchors, fit.width, fit.height, FPS)
        camera.show(FRAMES)
        engine.attach(camera)
        info, memory = engine.info, engine.memory()
        asked = one_by_one(engine, camera.name, 16, 3)
        return {"backend": info.backend, "why": info.why_portable, "weights_gb": memory.weights_bytes / 1e9, **asked}
    finally:
        engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part-of", choices=["tiny", "2b", "7b"], default="2b")
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()
    if importlib.util.find_spec("compressed_tensors") is None:
        print("skipped: it takes pip install compressed-tensors")
        print(json.dumps({"bench": "quantized", "skipped": "compressed-tensors is not installed"}))
        return
    from support.compressed import INT4, compressed

    found: dict[str, Any] = {"bench": "quantized", "part_of": options.part_of}
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder), options.part_of, torch.device(options.device))
        for name, change in (("plain", None), ("int4", compressed("pack-quantized", INT4))):
            if change is not None:
                change(Path(folder))
            found[name] = measure(Path(folder), options.device, shapes.SIZES[options.part_of])
            print(f"{name:8s}" + "  ".join(f"{key} {value}" for key, value in found[name].items()))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
