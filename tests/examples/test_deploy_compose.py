"""The compose files of examples/deploy, by the specification's schema and by what they name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import yaml
from support.deployed import CONFIG, SHIPPED, TARGETS, flags
from support.wheels import ROOT

SCHEMAS = Path(__file__).parent / "schemas"
COMPOSE = sorted(SHIPPED.glob("*.yaml"))


def compose_faults(text: str) -> list[str]:
    schema = json.loads((SCHEMAS / "compose.json").read_text())
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(text))]


def services() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in COMPOSE:
        for name, service in yaml.safe_load(path.read_text())["services"].items():
            yield path.name, name, service


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_a_compose_file_is_one(path: Path) -> None:
    text = path.read_text()
    assert compose_faults(text) == []
    parsed = yaml.safe_load(text)
    for section in ("services", "configs", "volumes", "secrets"):
        for name in parsed.get(section, {}):
            broken = yaml.safe_load(text)
            broken[section][name] = {**(broken[section][name] or {}), "no_such_field": 1}
            assert compose_faults(yaml.safe_dump(broken)) != []


def test_what_services_name_is_declared() -> None:
    base = yaml.safe_load((SHIPPED / "compose.yaml").read_text())
    for path in COMPOSE:
        parsed = yaml.safe_load(path.read_text())
        there = {
            key: {**base.get(key, {}), **parsed.get(key, {})} for key in ("services", "volumes", "configs", "secrets")
        }
        for service in parsed["services"].values():
            assert set(service.get("depends_on", [])) <= there["services"].keys()
            assert {each["source"] for each in service.get("configs", [])} <= there["configs"].keys()
            assert set(service.get("secrets", [])) <= there["secrets"].keys()
            for source in (volume.split(":")[0] for volume in service.get("volumes", [])):
                assert (SHIPPED / source).exists() if source.startswith(".") else source in there["volumes"], source


def test_every_image_has_a_version_and_those_of_monitoring_are_the_same() -> None:
    taken = {service["image"] for _, _, service in services() if "image" in service}
    ours = {f"askcam:{target}" for target in TARGETS}
    assert ours <= taken
    assert [image for image in taken - ours if not re.fullmatch(r"[\w/-]+:v?\d+\.\d+\.\d+", image)] == []
    monitoring = yaml.safe_load((ROOT / "examples/monitoring/compose.yaml").read_text())["services"]
    assert {service["image"] for service in monitoring.values()} <= taken


def test_what_askcam_is_told_there_is_what_it_takes() -> None:
    told = {
        file: flags(service["command"])
        for file, name, service in services()
        if name == "askcam" and "command" in service
    }
    assert {file: said["dialect"] for file, said in told.items()} == {"ollama.yaml": "ollama", "vllm.yaml": "vllm"}
    for file, said in told.items():
        server = httpx.URL(said["model_url"])
        assert server.host in yaml.safe_load((SHIPPED / file).read_text())["services"]
        assert str(said["config"]) == CONFIG
    for _, _, service in services():
        target = service.get("build", {}).get("target")
        assert target is None or service["image"] == f"askcam:{target}"
    (box,) = [service for file, _, service in services() if file == "compose.yaml"]
    assert box["read_only"]
    assert box["cap_drop"] == ["ALL"]


def test_configs_within_compose_files_are_read_as_what_they_are() -> None:
    prometheus = yaml.safe_load((SHIPPED / "monitoring.yaml").read_text())["configs"]
    scraped = yaml.safe_load(prometheus["prometheus"]["content"])
    (job,) = scraped["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["askcam:8400"]}]
    assert job["authorization"]["credentials_file"] == "/run/secrets/askcam_token"
    (source,) = yaml.safe_load(prometheus["grafana"]["content"])["datasources"]
    shipped = yaml.safe_load((ROOT / "examples/monitoring/grafana/provisioning/datasources/prometheus.yml").read_text())
    assert {**source, "url": ""} == {**shipped["datasources"][0], "url": ""}
    streams = yaml.safe_load(yaml.safe_load((SHIPPED / "go2rtc.yaml").read_text())["configs"]["go2rtc"]["content"])
    assert set(streams["streams"]) == {"door"}
