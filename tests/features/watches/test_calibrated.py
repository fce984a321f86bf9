"""A watch's calibration at a real server: kept, shown to viewers, over restarts, gone with what it was about."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from support.servers.askcam_server import live_server

from askcam.features.calibration.report import report
from askcam.features.calibration.wire import About, told
from askcam.server.judging.samples import Sample

QUESTION = "Is there an apple? Answer yes or no."
CONFIG = f"""
[server]
token = "viewers-token"
admin_token = "admins-token"

[cameras.gate]
uri = "synthetic:5"

[watching]
folder = "kept"

[watches.listed]
question = "{QUESTION}"
cameras = ["gate"]
"""


def http(url: str, role: str = "admins") -> httpx.Client:
    return httpx.Client(base_url=url + "/v1/watches/", headers={"Authorization": f"Bearer {role}-token"}, timeout=60)


def calibration(**other: Any) -> dict[str, Any]:
    found = report([Sample(0.1 + 0.8 * (i % 2), i % 2 == 1, i) for i in range(80)], 3, 0.95)
    about = About(None, "gate", QUESTION, "gate.mp4", "built-in")
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(told(found, about, 1_700_000_000.0)))
    return made | other


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("calibrated") / "askcam.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def url(config: Path) -> Iterator[str]:
    with live_server("--config", str(config)) as server:
        with http(server.url) as admin:
            body = {"name": "made", "question": QUESTION, "cameras": ["gate"]}
            assert admin.post(server.url + "/v1/watches", json=body).status_code == 201
        yield server.url


@pytest.mark.parametrize("watch", ["made", "listed"])
def test_it_is_kept_for_viewers_and_forgotten_by_admins(url: str, watch: str) -> None:
    path = f"{watch}/calibration"
    with http(url) as admin, http(url, "viewers") as viewer:
        none = viewer.get(path)
        assert (none.status_code, none.json()["error"]["code"]) == (404, "not_calibrated")
        assert "askcam watch calibrate" in none.json()["error"]["message"]
        assert viewer.put(path, json=calibration()).status_code == 403
        kept = admin.put(path, json=calibration())
        assert kept.status_code == 200, kept.text
        assert viewer.get(path).json() == kept.json() == calibration(watch=watch)
        assert kept.json()["bins"][0] == {
            **{"from": 0.0, "to": 0.1, "count": 0, "mean_probability": None, "share_true": None}
        }
        assert kept.json()["roc"][0] == [0.0, 0.0, None]
        assert viewer.delete(path).status_code == 403
        assert admin.delete(path).status_code == 204
        assert admin.delete(path).status_code == 404
        assert viewer.get(path).json()["error"]["code"] == "not_calibrated"


def test_another_question_or_the_end_of_the_watch_forgets_it_and_a_threshold_does_not(url: str) -> None:
    with http(url) as admin:
        for change, left in (({"on": 0.9}, 200), ({"question": "Is there a car? Answer yes or no."}, 404)):
            assert admin.put("made/calibration", json=calibration()).status_code == 200
            assert admin.patch("made", json=change).status_code == 200
            assert admin.get("made/calibration").status_code == left
        assert admin.patch("made", json={"question": QUESTION}).status_code == 200
        assert admin.get("made/calibration").status_code == 404, "it was forgotten, not hidden"
        assert admin.put("made/calibration", json=calibration()).status_code == 200
        assert admin.delete("made").status_code == 204
        gone = admin.get("made/calibration")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")
        body = {"name": "made", "question": QUESTION, "cameras": ["gate"]}
        assert admin.post(url + "/v1/watches", json=body).status_code == 201
        assert admin.get("made/calibration").json()["error"]["code"] == "not_calibrated"


@pytest.mark.parametrize(
    ("other", "status", "param"),
    [
        ({"question": "Is there a car?"}, 409, "question"),
        ({"watch": "listed"}, 400, "watch"),
        ({"proposed": {"on": 0.4, "off": 0.4}}, 400, "proposed.off"),
        ({"auc": 1.5}, 400, "auc"),
        ({"made_at": "2026-01-01"}, 400, "made_at"),
        ({"made_at": "2026-01-01T00:00:00"}, 400, "made_at"),
        ({"positives": 81}, 400, "positives"),
        ({"roc": [[0, 0, None]] * 1001}, 400, "roc"),
        ({"roc": [[0, 0]]}, 400, "roc[0]"),
    ],
)
def test_what_cannot_be_is_refused(url: str, other: dict[str, Any], status: int, param: str) -> None:
    with http(url) as admin:
        reply = admin.put("made/calibration", json=calibration(**other))
        assert (reply.status_code, reply.json()["error"]["param"]) == (status, param), reply.text
        assert admin.put("none/calibration", json=calibration()).status_code == 404
        assert admin.get("none/calibration").json()["error"]["code"] == "not_found"


def test_a_text_has_no_probability_to_be_calibrated(url: str) -> None:
    with http(url) as admin:
        body = {"name": "sign", "kind": "text", "question": QUESTION, "cameras": ["gate"]}
        assert admin.post(url + "/v1/watches", json=body).status_code == 201
        refused = admin.put("sign/calibration", json=calibration())
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "name")


def test_it_outlives_a_kill_but_not_another_question_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "askcam.toml"
    path.write_text(CONFIG)
    with live_server("--config", str(path), until="listening") as server:
        with http(server.url) as admin:
            assert admin.put("listed/calibration", json=calibration()).status_code == 200
        server.stop(signal.SIGKILL)
    with live_server("--config", str(path), until="listening") as server, http(server.url) as admin:
        assert admin.get("listed/calibration").json() == calibration(watch="listed")
    path.write_text(CONFIG.replace("apple", "car"))
    with live_server("--config", str(path), until="listening") as server, http(server.url) as admin:
        assert admin.get("listed/calibration").json()["error"]["code"] == "not_calibrated"
