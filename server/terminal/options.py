"""A server's refusal as the command line has it: the field at fault is called by the option that it came of."""

import contextlib
import re
from collections.abc import Iterator

from askcam.client.errors import WireError
from askcam.client.protocol import ErrorBody


@contextlib.contextmanager
def called_as_options(*options: str) -> Iterator[None]:
    """WireErrors inside name the fields that `options` ("--max-age-ms") became by these: `response.askcam.max_age_ms`,
    and `max_age_ms`, as `--max-age-ms`."""
    try:
        yield
    except WireError as exc:
        option = "--" + (exc.param or "").rpartition(".")[2].replace("_", "-")
        if exc.param is None or option not in options:
            raise
        said = re.sub(rf"(?<![\w.'])'?{re.escape(exc.param)}\b'?", option, exc.message, count=1)
        raise type(exc)(ErrorBody(said, exc.type, option, exc.code)) from exc
