"""Open a model by whichever backend runs it. Nobody in the engine imports this; torch is read when it is called."""

from askcam.engine.calm import wait_calmly
from askcam.engine.interface import Engine, EngineConfig, Progress


def open_engine(config: EngineConfig, progress: Progress | None = None) -> Engine:
    """Load a model, warm it up, and return it ready. Blocks for as long as that takes. Raises ModelError."""
    wait_calmly()
    from askcam.engine.opening import open_backend

    return open_backend(config, progress)
