"""examples/monitoring against a real askcam and a real Prometheus: what it ships parses, and shows something."""

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from support.ports import own_port
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.servers.prometheus import Prometheus, need_prometheus, prometheus, promtool
from support.servers.receiver import Receiver
from support.servers.running import MJPEGServer
from support.waiting import until

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "examples/monitoring"
RULES = SHIPPED / "rules/askcam.yml"
DASHBOARD = json.loads((SHIPPED / "grafana/dashboards/askcam.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
PAGE = (ROOT / "docs/monitoring.md").read_text()
WAIT_S = 120.0  # Prometheus scrapes once a second; the machine may be busy
METRIC = re.compile(r"\b((?:askcam|process)_\w+)")
IMAGE = re.compile(r"[\w.-]+/[\w.-]+:v?\d+\.\d+\.\d+")

CONFIG = """
[server]
token = "viewers-token"
admin_token = "admins-token"

[cameras.lobby]
uri = "synthetic:7"
tools = ["clock"]

[cameras.gate]
uri = "{gate}"

[evidence]
enabled = true
folder = "evidence"

[watching]
folder = "watches"

[clips]
folder = "clips"

[timeline]
enabled = true
folder = "timeline"

[notify.house]
webhook = "{receiver}"
secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

[mqtt]
url = "mqtt://127.0.0.1:{broker}"

[watches.person]
question = "Is there a person? Answer yes or no."
cameras = ["lobby", "gate"]
every_s = 0.5
"""


def shown(expression: str) -> str:
    """A panel's query as Grafana sends it when all servers, cameras and watches are chosen."""
    for variable, value in {"__rate_interval": "30s", "__range": "5m"}.items():
        expression = expression.replace(f"${variable}", value)
    expression = re.sub(r"\$(instance|camera|watch)\b", ".*", expression)
    assert "$" not in expression
    return expression


@dataclass(slots=True)
class Stage:
    """A server, who scrapes it, and a camera to be switched off."""

    server: LiveServer
    prometheus: Prometheus
    gate: MJPEGServer
    config: Path

    def http(self, role: str = "admins") -> httpx.Client:
        headers = {"Authorization": f"Bearer {role}-token"}
        return httpx.Client(base_url=self.server.url, headers=headers, timeout=60)

    def ask(self, camera: str, **more: Any) -> httpx.Response:
        asked = {"model": camera, "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 24}
        with self.http("viewers") as http:
            return http.post("/v1/chat/completions", json=asked | more)

    def metrics(self) -> str:
        with self.http("viewers") as http:
            return http.get("/metrics").text


def variant(folder: Path, target: str) -> Path:
    """The shipped prometheus.yml, once a second, with the token's lines no longer commented out."""
    text = (SHIPPED / "prometheus.yml").read_text()
    text, count = re.subn(r"# (authorization:\n +)# (  credentials_file)", r"\1\2", text)
    assert count == 1
    config = yaml.safe_load(text)
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(SHIPPED / name) for name in config["rule_files"]]
    (job,) = config["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["127.0.0.1:8400"]}]
    job["static_configs"] = [{"targets": [target]}]
    (folder / job["authorization"]["credentials_file"]).write_text("viewers-token")
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    need_prometheus()
    folder = tmp_path_factory.mktemp("monitored")
    with MJPEGServer("clock:320x240") as gate, Receiver() as receiver:
        (folder / "askcam.toml").write_text(CONFIG.format(gate=gate.url, receiver=receiver.url, broker=own_port()))
        with live_server("--config", str(folder / "askcam.toml")) as server:
            config = variant(folder, server.url.removeprefix("http://"))
            with prometheus(config, folder / "data") as running:
                wait_for_pairs(server, "lobby", 2, token="viewers-token")
                yield Stage(server, running, gate, config)


# -- what needs no server


def test_the_rules_do_what_they_are_for() -> None:
    need_prometheus()
    done = promtool("test", "rules", str(SHIPPED / "tests/askcam.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tried_and_explained() -> None:
    tried = (SHIPPED / "tests/askcam.yml").read_text()
    alerts = [rule["alert"] for group in groups() for rule in group["rules"] if "alert" in rule]
    assert len(alerts) >= 15
    for alert in alerts:
        assert re.search(rf"alertname: {alert}\n +exp_alerts", tried), f"no test sees {alert} fire"
        assert f"`{alert}`" in PAGE


def test_the_configuration_is_valid_as_it_is_shipped() -> None:
    need_prometheus()
    done = promtool("check", "config", str(SHIPPED / "prometheus.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def groups() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
    return found


def test_the_services_are_pinned_and_find_their_files() -> None:
    services = yaml.safe_load((SHIPPED / "compose.yaml").read_text())
    assert set(services["services"]) == {"prometheus", "grafana"}
    mounts: dict[str, str] = {}
    for service in services["services"].values():
        assert IMAGE.fullmatch(service["image"])
        for volume in service["volumes"]:
            host, inside = volume.split(":")[:2]
            mounts[inside] = host
            assert host in services["volumes"] or (SHIPPED / host).is_dir()
    grafana = SHIPPED / "grafana/provisioning"
    (source,) = yaml.safe_load((grafana / "datasources/prometheus.yml").read_text())["datasources"]
    (boards,) = yaml.safe_load((grafana / "dashboards/askcam.yml").read_text())["providers"]
    command = " ".join(services["services"]["prometheus"]["command"])
    assert f"--web.listen-address={source['url'].removeprefix('http://')}" in command
    assert (SHIPPED / mounts[boards["options"]["path"]] / "askcam.json").is_file()
    scraped = yaml.safe_load((SHIPPED / "prometheus.yml").read_text())["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scraped


def test_panels_are_whole_do_not_overlap_and_say_what_they_show() -> None:
    assert [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"] == [
        "Answers", "Cameras", "Watches", "Engine and memory", "Events, deliveries and evidence",
    ]  # fmt: skip
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in PANELS:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs) > 0
    variables = [variable["name"] for variable in DASHBOARD["templating"]["list"]]
    assert variables == ["datasource", "instance", "camera", "watch"]


# -- what is there


def test_names_types_units_and_help_are_as_prometheus_wants_them(stage: Stage) -> None:
    done = promtool("check", "metrics", text=stage.metrics())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_page_lists_all_metrics_with_their_types_and_labels(stage: Stage) -> None:
    """Both ways: none is missing in docs/monitoring.md, and none is listed that is not there."""
    until(lambda: stage.ask("lobby", tool_choice="required").status_code == 200, "an answer with a call")
    there = {
        family.name + ("_total" if family.type == "counter" else ""): family
        for family in text_string_to_metric_families(stage.metrics())
        if family.name.startswith("askcam_")
    }
    listed = dict(re.findall(r"^\| `(askcam_\w+)` \| (.+) \|$", PAGE, re.MULTILINE))
    assert sorted(listed) == sorted(there)
    for name, family in there.items():
        kind, labels, meaning = re.split(r" *\| *", listed[name], maxsplit=2)
        assert kind == family.type, name
        told = {label for sample in family.samples for label in sample.labels} - {"le"}
        said = set(re.findall(r"`(\w+)`", labels))
        assert told == said or not family.samples, f"{name}: {told} are there, {said} are listed"
        assert meaning


def test_every_panel_shows_something(stage: Stage) -> None:
    queries = {
        f"{panel['title']}: {target['expr']}": shown(target["expr"]) for panel in PANELS for target in panel["targets"]
    }
    assert len(queries) > 50

    def use() -> None:
        assert stage.ask("lobby").status_code == 200
        stage.ask("gate")
        assert stage.ask("lobby", askcam={"max_age_ms": 0.001}).json()["error"]["code"] == "stale_camera"
        called = stage.ask("lobby", tool_choice={"type": "function", "function": {"name": "clock"}})
        assert called.json()["askcam"]["tools"][0]["name"] == "clock", called.text

    def all_shown() -> bool:
        use()
        for title, query in list(queries.items()):
            if any(series["value"][1] != "NaN" for series in stage.prometheus.query(query)):
                del queries[title]
        return not queries

    with contextlib.suppress(AssertionError):  # those that show nothing are told instead
        until(all_shown, "series", WAIT_S)
    assert queries == {}


def test_every_variable_has_values(stage: Stage) -> None:
    values = {}
    for variable in DASHBOARD["templating"]["list"][1:]:
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"])
        assert found is not None
        assert found[2] == variable["name"]
        params = {"match[]": shown(found[1])}
        values[found[2]] = until(
            lambda path=f"/api/v1/label/{found[2]}/values", params=params: stage.prometheus.get(path, **params),
            f"values of {found[2]}",
            WAIT_S,
        )
    assert values["camera"] == ["gate", "lobby"]
    assert values["watch"] == ["person"]


def test_every_rule_is_evaluated_and_its_metrics_exist(stage: Stage) -> None:
    recorded = {rule["record"] for group in groups() for rule in group["rules"] if "record" in rule}

    def evaluated() -> list[dict[str, Any]]:
        found = [rule for group in stage.prometheus.get("/api/v1/rules")["groups"] for rule in group["rules"]]
        return found if all(rule["health"] != "unknown" for rule in found) else []

    rules = until(evaluated, "the rules to be evaluated", WAIT_S)
    assert len(rules) == sum(len(group["rules"]) for group in groups())
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    names = {name for rule in rules for name in re.findall(r"[\w:]+", rule["query"]) if METRIC.fullmatch(name)}
    used = {name for rule in rules for name in re.findall(r"[a-z]+(?:_[a-z]+)*:[\w:]+", rule["query"])}
    assert len(names) > 12
    there = until(
        lambda: found if names <= (found := set(stage.prometheus.get("/api/v1/label/__name__/values"))) else None,
        f"all of {names}",
        WAIT_S,
    )
    assert there is not None
    assert used <= recorded


def test_what_runs_is_told(stage: Stage) -> None:
    (series,) = until(lambda: stage.prometheus.query("askcam_build_info"), "what runs", WAIT_S)
    labels = series["metric"]
    with stage.http() as http:
        model = next(one for one in http.get("/v1/models").json()["data"] if one["id"] == "askcam")
    assert labels["version"]
    assert (labels["backend"], labels["device"]) == ("live", "cpu")
    assert labels["model"] in json.dumps(model)


def test_a_removed_camera_takes_its_series_along(stage: Stage) -> None:
    about = '{__name__=~"askcam_.+", camera="brief"}'
    with stage.http() as http:
        made = http.post("/v1/cameras", json={"name": "brief", "uri": "synthetic:9"})
        assert made.status_code in (200, 201), made.text
        until(lambda: stage.ask("brief").status_code == 200, "an answer about it")
        until(lambda: stage.prometheus.query('askcam_questions_total{camera="brief"}'), "its questions", WAIT_S)
        assert len(stage.prometheus.query(about)) > 20
        assert http.delete("/v1/cameras/brief").status_code in (200, 204)
    until(lambda: not stage.prometheus.query(about), "all of its series to be gone", WAIT_S)


def test_a_camera_that_brings_nothing_is_told(stage: Stage) -> None:
    """It is switched off, and Prometheus says so; what the alert waits for besides is tried in tests/askcam.yml."""
    stage.gate.kill()
    alert = 'ALERTS{alertname="AskcamCameraStale", camera="gate"}'
    until(lambda: stage.prometheus.query(alert), "the alert", WAIT_S)
    down = 'sum(askcam_camera_state{camera="gate", state=~"connecting|lost|ended"})'
    until(lambda: stage.prometheus.query(down)[0]["value"][1] == "1", "its state", WAIT_S)
    assert not stage.prometheus.query('ALERTS{alertname="AskcamCameraStale", camera="lobby"}')
