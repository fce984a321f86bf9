"""Are answers in their question's language, and right in both? The demo's scenes, asked in English and in Chinese.

    python benchmarks/languages.py [--seeds 30000:30100] [--model FOLDER-OR-HUB-ID]

Of each seed's scene one question is asked in each language, through the product's own window and engine; its kind goes
round with the seeds. Prints each answer that is wrong or in the other language, a table, and one JSON line.
"""

import argparse
import json
import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.bilingual import question
from support.rehearsal import FILL_PAIRS, POLL_S, READY_S, RehearsedCamera, put, user

from askcam.demo.builtin import model_path
from askcam.demo.questions import QuestionKind
from askcam.demo.scene import make_scene
from askcam.engine.interface import Engine, EngineConfig
from askcam.engine.open import open_engine

EPOCH = 1_700_000_000.0
LANGUAGES = ("en", "zh")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="30000:30100", help="FIRST:END, half open")
    parser.add_argument("--model", default=str(model_path()))
    args = parser.parse_args()
    first, end = map(int, args.seeds.split(":"))
    asked, right, spoken = Counter[str](), Counter[str](), Counter[str]()
    engine = open_engine(EngineConfig(args.model))
    try:
        for seed in range(first, end):
            for language in LANGUAGES:
                kind = tuple(QuestionKind)[seed % len(QuestionKind)]
                correct, its_own = one(engine, seed, kind, language)
                asked[language] += 1
                right[language] += correct
                spoken[language] += its_own
    finally:
        engine.close()
    print(f"\n{'language':10}{'asked':>7}{'in it':>7}{'right':>7}")
    for language in LANGUAGES:
        print(f"{language:10}{asked[language]:7}{spoken[language]:7}{right[language]:7}")
    rows = {
        f"{what}_{language}": round(counts[language] / asked[language], 4)
        for what, counts in (("in_language", spoken), ("right", right))
        for language in LANGUAGES
    }
    about = {"model": engine.info.id, "backend": engine.info.backend, "seeds": args.seeds, "asked": asked.total()}
    print(json.dumps({"benchmark": "languages", **about, "in_language": spoken.total() / asked.total(), **rows}))
    sys.exit(spoken.total() / asked.total() < 0.99)


def one(engine: Engine, seed: int, kind: QuestionKind, language: str) -> tuple[bool, bool]:
    """Whether the answer is right, and whether it is in the question's language."""
    rng = random.Random(f"askcam languages {seed} {language}")
    asked = question(make_scene(seed), kind, language, rng)
    camera = RehearsedCamera(seed, engine.fit, engine.anchors, EPOCH + rng.uniform(0, 100_000))
    engine.attach(camera)
    try:
        while camera.num_pairs_seen < FILL_PAIRS:
            camera.run_to(camera.now + POLL_S)
        opened = camera.now
        while not asked.english.ready((view := camera.look()).start_wall, view.end_wall):
            assert camera.now < opened + READY_S, f"seed {seed}: never ready: {asked.text}"
            camera.run_to(camera.now + POLL_S)
        answer, view = put(engine, camera.name, user(asked.text))
    finally:
        engine.detach(camera.name)
    span = (view.start_wall, view.end_wall)
    correct, its_own = asked.correct(answer, *span), asked.in_its_language(answer)
    if not (correct and its_own):
        print(f"seed {seed}: {asked.text} {answer!r}, but: {asked.english.truth(*span)!r}", flush=True)
    return correct, its_own


if __name__ == "__main__":
    main()
