"""Do the live and the portable backend say the same? The built-in model on synthetic scenes, greedy answers.

    python benchmarks/same.py [--questions 300]

Both are asked the same questions about the same windows (1 to 16 frames, then 7 more), in one process. Prints the first
differences, a table, and one JSON line; exits with 1 when one answer differs.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.scene_camera import ask_all

from askcam.demo.builtin import model_path
from askcam.engine.interface import EngineConfig
from askcam.engine.open import open_engine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--questions", type=int, default=300)
    args = parser.parse_args()
    engines = [open_engine(EngineConfig(str(model_path()), backend=backend)) for backend in ("live", "portable")]
    same = asked = 0
    try:
        for text, answers in ask_all(engines, num_scenes=(args.questions + 1) // 2, seed=0):
            asked += 1
            live, portable = ((one.text, one.usage.completion_tokens, one.usage.prompt_tokens) for one in answers)
            same += live == portable
            if live != portable and asked - same <= 5:
                print(f"{text!r}: live {live}, portable {portable}")
            if asked % 50 == 0:
                print(f"{asked} questions, {same} the same", flush=True)
    finally:
        for engine in engines:
            engine.close()
    row = {"benchmark": "same", "questions": asked, "same": same}
    for name, value in row.items():
        print(f"{name:28} {value}")
    print(json.dumps(row))
    sys.exit(same < asked)


if __name__ == "__main__":
    main()
