"""The benchmarks' command: python -m askcam.engine.bench portable|engine|kernels --help

`portable` says where the time of an answer goes in stock transformers, `engine` what the live backend gains, `kernels`
what its kernels do on this device. Needs torch, torchvision, transformers, numpy and Pillow, on a GPU Triton too;
qwen-vl-utils, OpenCV and accelerate only if they are there. In a checkout that is not installed, give Python a folder
in which the rooms are named as installed:

    mkdir -p build/bench/askcam && ln -sfn "$PWD"/engine "$PWD"/stream build/bench/askcam/
    PYTHONPATH=build/bench python -m askcam.engine.bench engine --shape 7b
"""

import sys
from collections.abc import Sequence

from askcam.engine.bench.arguments import say
from askcam.engine.open import wait_calmly

HELP = """usage: askcam bench portable|engine|kernels [options]

  portable   where the time of an answer goes, stage by stage, in stock transformers
  engine     what the live backend gains over it, whether both say the same, and how much it holds
  kernels    whether its kernels are right on this GPU, which of them it uses, and how long its passes take

askcam bench portable --help, askcam bench engine --help and askcam bench kernels --help have their options. Without
a GPU and without a model of your own, they measure the built-in one; --tiny takes a random toy, --shape
2b|7b|qwen3.5-2b random weights of a real shape. The last line of each is JSON."""


def run(argv: Sequence[str], default_model: str | None = None) -> None:
    """Measure, print a table, and one line of JSON as the last; without a benchmark's name, say which there are.

    Exits with 2 and one line on wrong arguments.
    """
    wait_calmly()
    if not argv or argv[0] in ("-h", "--help"):
        print(HELP)
    elif argv[0] == "engine":
        from askcam.engine.bench import live  # torch, only now

        live.run(argv[1:], default_model)
    elif argv[0] == "kernels":
        from askcam.engine.bench import kernels

        kernels.run(argv[1:], default_model)
    elif argv[0] != "portable":
        say(f"bench: {argv[0]!r} is no benchmark; there are portable, engine and kernels: askcam bench --help")
        sys.exit(2)
    else:
        from askcam.engine.bench import portable

        portable.run(argv, default_model)
