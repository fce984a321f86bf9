"""The data folder of a real server is taken away while it runs: it says so before it acknowledges anything."""

import re
import stat
from pathlib import Path

import httpx
import pytest
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.waiting import until

WATCH = {"question": "Is there a cup?", "cameras": ["lobby"]}


def told(server: LiveServer) -> tuple[dict[str, str], float]:
    """What /readyz and the gauge of the watches' folder say now; it looks once a second."""
    lost = httpx.get(f"{server.url}/readyz", timeout=60).json().get("storage_lost", {})
    text = httpx.get(f"{server.url}/metrics", timeout=60).text
    (gauge,) = re.findall(r'^askcam_storage_lost\{store="watches"\} (\S+)$', text, re.MULTILINE)
    return lost, float(gauge)


def test_a_watch_is_not_acknowledged_once_its_folder_is_gone_and_is_when_it_is_back(tmp_path: Path) -> None:
    data = tmp_path / "shared" / "data"
    data.parent.mkdir()
    data.parent.chmod(0o755)
    with live_server(cameras=["lobby=synthetic:7"], env={"XDG_DATA_HOME": str(data)}) as server:
        wait_for_pairs(server, "lobby", 1)
        with httpx.Client(base_url=server.url, timeout=60) as client:
            assert client.post("/v1/watches", json={"name": "one", **WATCH}).status_code == 201
            assert told(server) == ({}, 0.0)
            files = [path for path in data.rglob("*") if path.is_file()]
            assert files
            assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
            assert {stat.S_IMODE(path.stat().st_mode) for path in (data, *data.rglob("*")) if path.is_dir()} == {0o700}

            away = data.rename(tmp_path / "away")
            reply = client.post("/v1/watches", json={"name": "two", **WATCH})
            assert (reply.status_code, reply.json()["error"]["code"]) == (503, "storage_lost")
            until(lambda: (said := told(server)) and "watches" in said[0] and said[1] == 1.0, "the loss to be told")
            assert [watch["name"] for watch in client.get("/v1/watches").json()["data"]] == ["one"]

            away.rename(data)
            assert client.post("/v1/watches", json={"name": "two", **WATCH}).status_code == 201
            until(lambda: told(server) == ({}, 0.0), "its end to be told")
        assert server.stop() == 0
    assert "Traceback" not in "".join(server.log)


@pytest.mark.parametrize("make_anew", [False, True])
def test_evidence_and_timeline_say_so_too(tmp_path: Path, make_anew: bool) -> None:
    (tmp_path / "askcam.toml").write_text(
        "".join(f'[{name}]\nenabled = true\nfolder = "{tmp_path}/{name}"\n' for name in ("evidence", "timeline"))
    )
    with live_server("--config", str(tmp_path / "askcam.toml"), cameras=["lobby=synthetic:7"]) as server:
        wait_for_pairs(server, "lobby", 1)
        for name in ("evidence", "timeline"):
            folder = (tmp_path / name).rename(tmp_path / f"{name}.away")
            assert folder.is_dir()
            if make_anew:
                (tmp_path / name).mkdir()
        until(lambda: told(server)[0].keys() == {"evidence", "timeline"}, "both losses to be told")
        assert server.stop() == 0
