"""askcam pull: a model from the hub into its cache, whole and as the hub has it; or what is there, compared."""

from pathlib import Path
from typing import Any

from askcam.engine.catalogue.catalogue import BUILT_IN, full_name
from askcam.engine.errors import HubUnreachable
from askcam.engine.fetching.fetch import compare
from askcam.engine.folders import kept_model, pull_model
from askcam.engine.interface import Progress
from askcam.server.terminal import say
from askcam.server.terminal.leaving import leaving
from askcam.server.terminal.progress import progress
from askcam.server.terminal.words import Words

told = Words(__name__)


def pull(name: str, json: bool) -> None:
    """`name`: a short one or a hub id. Leaves with 2 for what the user can mend, with 130 after Ctrl-C: what came until
    then is kept."""
    with leaving(ValueError):
        model = full_name(name)
        if model == BUILT_IN or Path(model).expanduser().exists():
            say.fail(told("pull.here", name=name))
        try:
            with progress(json) as bar:
                values = _pulled(model, bar)
        except KeyboardInterrupt:
            say.errors.print(told("pull.ended"))
            raise
    if json:
        say.line({"model": model, **values})
    elif values["offline"]:
        say.console.print(say.escape(told("pull.offline", **values)))
    else:
        size, came = (f"{values[key] / 1e9:.2f}" for key in ("bytes", "came_bytes"))
        say.console.print(say.escape(told("pull.done", model=model, size=size, came=came, **values)))


def _pulled(model: str, bar: Progress) -> dict[str, Any]:
    """What is told of it. Where the hub cannot be asked, what was fetched before is compared. Raises ModelError."""
    try:
        fetched = pull_model(model, bar)
    except HubUnreachable as exc:
        kept = kept_model(model)
        if kept is None:
            raise
        return {"folder": str(kept), "compared": compare(kept, bar), "offline": str(exc)}
    return {
        "folder": str(fetched.folder),
        "bytes": fetched.num_bytes,
        "came_bytes": fetched.came_bytes,
        "compared": fetched.compared,
        "offline": None,
    }
