"""How torch's threads wait, as its own process finds it."""

import os
import subprocess
import sys

import pytest

CODE = """
import os, sys
from askcam.engine.interface import EngineConfig
from askcam.engine.open import open_engine
assert "torch" not in sys.modules, "the door must not need torch"

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":  # what counts is what it finds now; reading it would take seconds
            print(os.environ["OMP_WAIT_POLICY"], flush=True)
            os._exit(0)

sys.meta_path.insert(0, Finder())
open_engine(EngineConfig("./nowhere"))
raise SystemExit("torch was not asked for")
"""


@pytest.mark.parametrize(("set_by_user", "found"), [(None, "passive"), ("active", "active")])
def test_threads_wait_calmly_unless_the_environment_says_otherwise(set_by_user: str | None, found: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    if set_by_user:
        environment["OMP_WAIT_POLICY"] = set_by_user
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=300, env=environment)
    assert (done.stdout.strip(), done.returncode) == (found, 0), done.stderr
