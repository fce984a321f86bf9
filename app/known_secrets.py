"""Tells what a config holds that must not be shown, so that no log and no error repeats it. Cameras' URIs tell theirs
when they are resolved."""

import os
import re
from collections.abc import Iterator, Mapping

from askcam.app.config import Config
from askcam.app.features import section_values
from askcam.server.model_names import key_variable
from askcam.stream.secrets import KNOWN, Secrets
from askcam.stream.sources.label import secrets_of

ENVIRONMENT = (
    "ASKCAM_TOKEN",
    "ASKCAM_ADMIN_TOKEN",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "OPENAI_API_KEY",
)
OPEN_HEADERS = ("accept", "accept-language", "content-type", "user-agent")
SECRET_NAME = re.compile(r"(?i)pass|pwd|key|token|secret|auth|credential|cookie")
LEAST_CHARS = 6  # of a piece of a header: "json" is no secret


def learn(config: Config, env: Mapping[str, str] = os.environ, known: Secrets = KNOWN) -> None:
    """From now on all of `config`'s tokens, keys and addresses with secrets are taken out of what is told."""
    known.learn("tokens", filter(None, _tokens(config)))
    known.learn("environment", (env[name] for name in ENVIRONMENT if env.get(name)))
    known.learn("model.keys", filter(None, (env.get(key_variable(called)) for called in config.all_models())))
    for name, section, value in section_values(config.sections):
        for which, pieces in section.secrets(value):
            known.learn(f"{name}.{which}", pieces)
    for name, server in config.tools.mcp.items():
        known.learn(f"mcp.{name}", _of_mcp(server.env, server.headers, server.url))
    for name, camera in config.cameras.items():
        known.learn(f"camera.{name}", secrets_of(camera.uri))


def _tokens(config: Config) -> Iterator[str | None]:
    yield from (config.server.token, config.server.admin_token, config.server.sign_in_secret)
    yield from (each.token for each in config.tokens.values())


def _of_mcp(env: Mapping[str, str], headers: Mapping[str, str], url: str | None) -> Iterator[str]:
    for name, value in (*env.items(), *headers.items()):
        if name.lower() in OPEN_HEADERS or (_ordinary(value) and not SECRET_NAME.search(name)):
            continue
        yield from (piece for piece in (value, *value.split()) if len(piece) >= LEAST_CHARS)
    if url is not None:
        yield from secrets_of(url)


def _ordinary(value: str) -> bool:
    """A word, a number or a path that is there: taken out of every text, it would make them unreadable."""
    return value.isalpha() or value.isdecimal() or os.path.exists(value)
