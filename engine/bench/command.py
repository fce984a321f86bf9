"""The benchmarks' command: python -m askcam.engine.bench portable|engine --help

`portable` says where the time of an answer goes in stock transformers, `engine` what the live backend gains. Needs
torch, torchvision, transformers, numpy and Pillow, on a GPU Triton too; qwen-vl-utils, OpenCV and accelerate only if
they are there. In a checkout that is not installed, give Python a folder in which the rooms are named as installed:

    mkdir -p build/bench/askcam && ln -sfn "$PWD"/engine "$PWD"/stream build/bench/askcam/
    PYTHONPATH=build/bench python -m askcam.engine.bench engine --shape 7b
"""

from collections.abc import Sequence

from askcam.engine.calm import wait_calmly


def run(argv: Sequence[str], default_model: str | None = None) -> None:
    """Measure, print a table, and one line of JSON as the last. Exits with 2 and one line on wrong arguments."""
    wait_calmly()
    if argv[:1] == ["engine"]:
        from askcam.engine.bench import live  # torch, only now

        live.run(argv[1:], default_model)
    else:
        from askcam.engine.bench import portable

        portable.run(argv, default_model)
