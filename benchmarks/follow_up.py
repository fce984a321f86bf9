"""Follow-up questions in a conversation: are the built-in model's answers as right as alone, with and without times?

    python benchmarks/follow_up.py [--seeds 0:100] [--gap-s 5]

The demo's three questions of each seed are one conversation about a camera whose clock this program moves, `--gap-s`
apart. Every question is put to the same window in each layout: alone, behind the turns before it, and behind them with
the times at which they were seen (session.askcam.turn_times). Counted are right answers to the second and third
question, and answers that say a time themselves. A table and one JSON line.
"""

import argparse
import json
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.rehearsal import FILL_PAIRS, POLL_S, RehearsedCamera, put

from askcam.demo.builtin import model_path
from askcam.demo.questions import questions
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine
from askcam.engine.question import Role
from askcam.server.openai.realtime.items import Item, SaidItem
from askcam.server.openai.realtime.prompt import messages
from askcam.server.wire.moments import rfc3339

EPOCH = 1_700_000_000.0
LAYOUTS = ("alone", "turns", "turns with times")
TIME = re.compile(r"seen at|\d\d:\d\d:\d\d")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="0:100", help="FIRST:END, half open")
    parser.add_argument("--gap-s", type=float, default=5.0, help="between the questions, by the camera's clock")
    args = parser.parse_args()
    first, end = map(int, args.seeds.split(":"))
    engine = open_engine(EngineConfig(str(model_path())))
    right, timed, asked = dict.fromkeys(LAYOUTS, 0), dict.fromkeys(LAYOUTS, 0), 0
    try:
        for seed in range(first, end):
            for layout, number, correct, answer in converse(engine, seed, args.gap_s):
                timed[layout] += bool(TIME.search(answer))
                if number > 0:
                    asked += layout == LAYOUTS[0]
                    right[layout] += correct
    finally:
        engine.close()
    for layout in LAYOUTS:
        print(f"{layout:20}{right[layout]:5} of {asked} follow-ups right, {timed[layout]} answers say a time")
    told = {"benchmark": "follow_up", "seeds": args.seeds, "gap_s": args.gap_s, "follow_ups": asked}
    print(json.dumps(told | {"right": right, "say_a_time": timed}))


def converse(engine: Engine, seed: int, gap_s: float) -> list[tuple[str, int, bool, str]]:
    """(layout, number of the question, right, answer) of one seed."""
    opened = EPOCH + random.Random(f"askcam follow-up {seed}").uniform(0, 100_000)
    camera = RehearsedCamera(seed, engine.fit, engine.anchors, opened)
    engine.attach(camera)
    told: list[tuple[str, int, bool, str]] = []
    turns: dict[str, list[Item]] = {layout: [] for layout in LAYOUTS}
    try:
        while camera.num_pairs_seen < FILL_PAIRS:
            camera.run_to(camera.now + POLL_S)
        for number, question in enumerate(questions(seed)):
            camera.run_to(camera.now + gap_s)
            while not question.ready((view := camera.look()).start_wall, view.end_wall):
                camera.run_to(camera.now + POLL_S)
            for layout in LAYOUTS:
                earlier = turns[layout]
                user = Item(f"u{number}", Role.USER, (SaidItem(question.text),))
                prompt = messages("", [*([] if layout == "alone" else earlier), user], times="times" in layout)
                answer, seen = put(engine, camera.name, *prompt)
                correct = question.correct(answer, seen.start_wall, seen.end_wall)
                item = Item(f"a{number}", Role.ASSISTANT, (SaidItem(answer),), seen_at=rfc3339(seen.end_wall))
                earlier += [user, item]
                told.append((layout, number, correct, answer))
    finally:
        engine.detach(camera.name)
    return told


if __name__ == "__main__":
    main()
