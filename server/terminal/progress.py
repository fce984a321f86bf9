"""A bar for what takes long."""

import contextlib
from collections.abc import Callable, Iterator

from rich.progress import BarColumn, Progress, TextColumn

from askcam.server.terminal import say
from askcam.server.terminal.words import told


@contextlib.contextmanager
def progress(json: bool) -> Iterator[Callable[[str, float], None]]:
    """A progress bar as a function of (what, share); silent for programs."""
    if json:
        yield lambda what, share: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, console=say.errors, transient=True) as bar:
        task = bar.add_task(told("starting"), total=1.0)

        def show(what: str, share: float) -> None:
            bar.update(task, description=say.escape(what), completed=share)

        yield show
