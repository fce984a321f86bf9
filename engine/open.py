"""Open a model by whichever backend runs it. Nobody in the engine imports this; torch is read when it is called."""

import os
from collections.abc import Mapping
from importlib.util import find_spec

from askcam.engine.errors import ModelError
from askcam.engine.interface import Engine, EngineConfig, Progress

RUNS_MODELS = (
    "torch",
    "torchvision",
    "transformers",
    "accelerate",
    "qwen_vl_utils",
)  # who asks model servers does without


def open_engine(config: EngineConfig, progress: Progress | None = None) -> Engine:
    """Load a model, warm it up, and return it ready; or find one behind its server (`url`), for which no torch is read.
    Blocks for as long as that takes. Raises ModelError."""
    if config.url is not None:
        from askcam.engine.remote.opening import open_remote

        return open_remote(config, progress)
    wait_calmly()
    check_installed()
    try:
        from askcam.engine.light import reading_lightly

        with reading_lightly():
            from askcam.engine.opening import open_backend
    except Exception as exc:  # a torchvision with CUDA beside a torch without it fails as a RuntimeError
        raise ModelError(
            f"PyTorch and what goes with it cannot be read ({type(exc).__name__}: {exc}): "
            "install torch and torchvision anew, both from the same index (docs/install.md)"
        ) from exc
    return open_backend(config, progress)


def check_installed() -> None:
    """Raises ModelError where a model cannot be run here, since askcam was installed without what runs it."""
    missing = [name for name in RUNS_MODELS if find_spec(name) is None]
    if missing:
        packages = " ".join(missing).replace("_", "-")
        raise ModelError(
            f"a model is run here by packages that are not installed: pip install {packages}, or name a model server "
            "(--model-url)"
        )


def sharing_memory(configs: Mapping[str, EngineConfig], progress: Progress) -> Mapping[str, EngineConfig]:
    """Several models, by name, that are to be loaded one after the other: what runs on one device shares its memory.
    Blocks; may download them. Raises ModelError where they do not fit together, before any weights are read."""
    here = [name for name, config in configs.items() if config.url is None]
    if len(here) < 2:
        return configs
    wait_calmly()
    check_installed()
    from askcam.engine.together import shared

    return {**configs, **shared({name: configs[name] for name in here}, progress)}


def wait_calmly() -> None:
    """Let OpenMP's threads sleep while they wait, unless the environment says otherwise. Before torch is imported.

    By default they spin, which is right on an idle machine. But a camera server shares its cores with decoders, and
    a thread that spins for one that isn't running takes away the very core which that one needs.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
