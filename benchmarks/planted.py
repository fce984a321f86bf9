"""Faults planted one at a time in a copy of the house: do the tests see them?

    python benchmarks/planted.py [--rooms stream,engine] [--faults late-frames,...] [--limit 20] [--quick] [--list]

Each room has its faults in a file of benchmarks/faults_planted/, such as a hurried engineer makes them: where, the
exact text that stands there, what is put in its place, and the tests that ought to see it. The tree is copied once; a
fault is put into the copy, its tests run there until the first fails (in one process, `--seconds` at most), and what
was there is put back. The checkout itself is never written to. The test that failed then runs once without the fault:
only one that passes there has seen it (`--quick` believes the first failure).

`seen`: a test failed, or did not end in time · `not seen`: all passed · `gone`: the text no longer stands there exactly
once, and the fault wants to be written anew · `no base`: that test fails without it, too. `--limit` takes so many of
those chosen, at random by `--seed`. A table per room, then one JSON line; it fails when one was not seen.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FAULTS = Path(__file__).with_name("faults_planted")
SEEN, NOT_SEEN, GONE, NO_BASE = "seen", "not seen", "gone", "no base"


@dataclass(frozen=True, slots=True)
class Fault:
    """`old`, which stands once in `file`, becomes `new`."""

    room: str
    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]  # files, or single tests as pytest names them


def written(folder: Path = FAULTS) -> list[Fault]:
    """All faults. Raises KeyError and TypeError for one that lacks something."""
    found = [
        Fault(path.stem, one["name"], one["file"], one["old"], one["new"], tuple(one["tests"]))
        for path in sorted(folder.glob("*.toml"))
        for one in tomllib.loads(path.read_text())["fault"]
    ]
    twice = [name for name, count in Counter(fault.name for fault in found).items() if count > 1]
    if twice:
        raise SystemExit(f"several faults are named {', '.join(twice)}: give each a name of its own")
    return found


def plant(text: str, fault: Fault) -> str | None:
    """The file with the fault in it; None when it no longer applies. Raises SyntaxError for what is no Python."""
    if text.count(fault.old) != 1 or fault.old == fault.new:
        return None
    planted = text.replace(fault.old, fault.new)
    if fault.file.endswith(".py"):
        compile(planted, fault.file, "exec")  # or anything that imports it would see the fault. Raises SyntaxError
    return planted


class Copy:
    """The tree in a folder of its own, where it is imported from instead of the checkout."""

    def __init__(self, folder: Path, through: list[str]) -> None:
        """`through`: a command that starts each run of tests, such as nice."""
        self._through = through
        self.tree, self._path = folder / "tree", folder / "path"
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.tree / name)
        if (ROOT / ".venv").exists():
            (self.tree / ".venv").symlink_to(ROOT / ".venv")  # some tests start the program by its path
        self._path.mkdir()
        (self._path / "askcam").symlink_to(self.tree)
        self._base: dict[tuple[str, ...], bool] = {}
        self._writes = 0

    def passes(self, tests: tuple[str, ...], seconds: float) -> tuple[bool, str]:
        """Whether these tests pass as it stands, and the first that did not."""
        path = os.pathsep.join(filter(None, (str(self._path), os.environ.get("PYTHONPATH"))))
        env = os.environ | {"PYTHONPATH": path, "CI": ""}
        options = [
            "-q",
            "-x",
            "--no-header",
            "--tb=no",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-p",
            "no:schemathesis",
            "-rfE",
        ]
        command = [*self._through, sys.executable, "-m", "pytest", *options, *tests]
        running = subprocess.Popen(
            command, cwd=self.tree, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            told, _ = running.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, 9)  # with the servers that its tests started
            running.communicate()
            return False, f"not over within {seconds:g} s"
        if running.returncode == 5:
            raise SystemExit(f"there are no tests in {' '.join(tests)}")
        first = next((line for line in told.splitlines() if line.startswith(("FAILED ", "ERROR "))), told[-300:])
        return running.returncode == 0, first.partition(" ")[2].partition(" - ")[0]

    def _write(self, path: Path, text: str) -> None:
        """With a time of its own, since bytecode is known to be old by its source's whole seconds and size."""
        path.write_text(text)
        self._writes += 1
        at = time.time() + 2 * self._writes
        os.utime(path, (at, at))

    def base(self, tests: tuple[str, ...], seconds: float) -> bool:
        """Whether they pass without a fault; tried twice, since a machine has other things to do."""
        if tests not in self._base:
            self._base[tests] = self.passes(tests, seconds)[0] or self.passes(tests, seconds)[0]
        return self._base[tests]

    def run(self, fault: Fault, seconds: float, *, quick: bool = False) -> tuple[str, str]:
        """What becomes of a fault, and what saw it."""
        path = self.tree / fault.file
        text = path.read_text() if path.exists() else ""
        planted = plant(text, fault)
        if planted is None:
            return GONE, ""
        self._write(path, planted)
        try:
            passed, by = self.passes(fault.tests, seconds)
        finally:
            self._write(path, text)
        if passed:
            return NOT_SEEN, ""
        if quick:
            return SEEN, by
        alone = (by,) if "::" in by else fault.tests
        return (SEEN if self.base(alone, seconds) else NO_BASE), by


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", help="only these, by comma")
    parser.add_argument("--faults", help="only these, by comma, in this order")
    parser.add_argument("--limit", type=int, help="so many of them, at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=240.0, help="of one run of tests")
    parser.add_argument("--quick", action="store_true", help="do not run what failed once more without the fault")
    parser.add_argument("--through", default="", metavar="CMD", help="what starts each run of tests: nice, timeout 60")
    parser.add_argument("--list", action="store_true", help="only say which there are, and which no longer apply")
    args = parser.parse_args()

    faults = written()
    wanted = args.faults.split(",") if args.faults else [fault.name for fault in faults]
    known = {fault.name: fault for fault in faults}
    if unknown := [name for name in wanted if name not in known]:
        raise SystemExit(f"there is no fault {', '.join(unknown)}: --list says which there are")
    rooms = args.rooms.split(",") if args.rooms else [fault.room for fault in faults]
    chosen = [known[name] for name in wanted if known[name].room in rooms]
    if args.limit is not None and args.limit < len(chosen):
        kept = set(random.Random(args.seed).sample([fault.name for fault in chosen], args.limit))
        chosen = [fault for fault in chosen if fault.name in kept]
    if args.list:
        for fault in chosen:
            path = ROOT / fault.file
            applies = path.exists() and plant(path.read_text(), fault) is not None
            print(f"{fault.room:<8} {fault.name:<34} {fault.file}{'' if applies else '  (no longer applies)'}")
        return

    outcomes: dict[str, Counter[str]] = {}
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copy = Copy(Path(folder), args.through.split())
        for fault in chosen:
            began = time.monotonic()
            outcome, by = copy.run(fault, args.seconds, quick=args.quick)
            outcomes.setdefault(fault.room, Counter())[outcome] += 1
            rows.append((fault.name, outcome, by))
            took_s = time.monotonic() - began
            print(f"{fault.room:<8} {fault.name:<34} {outcome:<9} {took_s:4.0f} s  {by}", flush=True)

    print(f"\n{'room':<8} {'run':>4} {SEEN:>5} {NOT_SEEN:>9} {GONE:>5} {NO_BASE:>8}   share")
    for room, found in outcomes.items():
        run = found[SEEN] + found[NOT_SEEN]
        share = f"{found[SEEN] / run:.0%}" if run else "-"
        print(
            f"{room:<8} {run:>4} {found[SEEN]:>5} {found[NOT_SEEN]:>9} {found[GONE]:>5} {found[NO_BASE]:>8}   {share}"
        )
    total: Counter[str] = sum(outcomes.values(), Counter())
    told = {
        "written": len(faults),
        "run": total[SEEN] + total[NOT_SEEN],
        **{key.replace(" ", "_"): total[key] for key in (SEEN, NOT_SEEN, GONE, NO_BASE)},
        "rooms": {room: dict(found) for room, found in outcomes.items()},
        "survivors": [name for name, outcome, _ in rows if outcome == NOT_SEEN],
    }
    print(json.dumps(told))
    sys.exit(1 if total[NOT_SEEN] or total[NO_BASE] else 0)


if __name__ == "__main__":
    main()
