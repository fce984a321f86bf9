"""What /readyz says of several models, each loading, there, gone since or away from the start."""

from types import SimpleNamespace
from typing import Literal

import pytest
from starlette.testclient import TestClient

from askcam.app.asgi import build_app
from askcam.app.build import build_core
from askcam.app.config import Config
from askcam.server.model import Model
from askcam.server.model_config import ModelConfig

Stands = Literal["loading", "there", "gone", "away"]


def put(model: Model, stands: Stands) -> None:
    match stands:
        case "there" | "gone":
            why = None if stands == "there" else "it broke off"
            model.ready(SimpleNamespace(trouble=lambda: why))  # type: ignore[arg-type]
        case "away":
            model.readiness.fail("nothing answers")
            model.away("nothing answers")


@pytest.mark.parametrize(
    ("usual", "other", "status", "lost"),
    [
        ("loading", "loading", "loading", None),
        ("there", "loading", "loading", None),
        ("there", "there", "ready", []),
        ("there", "gone", "ready", ["other"]),
        ("there", "away", "ready", ["other"]),
        ("gone", "there", "ready", ["askcam"]),
        ("gone", "gone", "unreachable", None),
        ("gone", "away", "unreachable", None),
        ("away", "loading", "unreachable", None),  # everything waits for the usual one
        ("away", "away", "unreachable", None),
    ],
)
def test_one_that_can_be_asked_is_enough(usual: Stands, other: Stands, status: str, lost: list[str] | None) -> None:
    core = build_core(Config(models={"other": ModelConfig(url="http://127.0.0.1:9/v1")}))
    for model, stands in zip(core.models, (usual, other), strict=True):
        put(model, stands)
    reply = TestClient(build_app(core), base_url="http://127.0.0.1:8400").get("/readyz")
    told = reply.json()
    assert (told["status"], reply.status_code) == (status, 200 if status == "ready" else 503)
    if lost is not None:
        assert [*told.get("models_lost", {})] == lost
