"""A real Chromium before the real server."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from support.parts import need
from support.web.clip import CLIP_SEED, DEVICE, GIVES, write_clip
from support.web.visitor import WANTED, Visitor, visit

CHROMIUM = Path("/usr/bin/chromium")
SHELL = Path("/usr/bin/chromium-headless-shell")  # the same without windows, and a page takes it half of the time
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
ARGS = ("--no-sandbox", "--disable-gpu", *QUIET)

Launch = Callable[..., AbstractContextManager[Browser]]


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the page go."""
    named = os.environ.get(WANTED)
    folder = Path(named) if named else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake webcam sees: `synthetic:7`."""
    path = tmp_path_factory.mktemp("clip") / "webcam.mjpeg"
    write_clip(CLIP_SEED, path)
    return path


# Of a module, not of the session: while Playwright's blocking API is open, asyncio tests cannot run.
@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    """Starts Chromium with further flags; `prompts`: the one with windows, which the shell's permissions lack."""
    need(CHROMIUM.exists(), f"{CHROMIUM} is missing: apt install chromium")
    with sync_playwright() as playwright:

        @contextmanager
        def start(*args: str, prompts: bool = False) -> Iterator[Browser]:
            path = SHELL if SHELL.exists() and not prompts else CHROMIUM
            browser = playwright.chromium.launch(executable_path=path, args=[*ARGS, *args])
            yield browser
            browser.close()

        yield start


@pytest.fixture(scope="module")
def browser(launch: Launch, clip: Path) -> Iterator[Browser]:
    """Chromium with a webcam that shows the clip, and a reader who gives it."""
    with launch(GIVES, DEVICE, f"--use-file-for-fake-video-capture={clip}") as started:
        yield started


@pytest.fixture
def visitor(browser: Browser, shots: Path) -> Iterator[Visitor]:
    with visit(browser, shots) as one:
        yield one


@pytest.fixture
def visitors(browser: Browser, shots: Path) -> Iterator[Callable[[], Visitor]]:
    """More than one at once."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(visit(browser, shots))
