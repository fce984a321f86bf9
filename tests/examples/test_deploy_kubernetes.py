"""The manifests of examples/deploy, by Kubernetes' own schema, and what a pod may do."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from support.deployed import IMAGES, MANIFEST, container

SCHEMAS = Path(__file__).parent / "schemas"


def kubernetes_faults(document: dict[str, Any]) -> list[str]:
    schema = json.loads((SCHEMAS / "kubernetes-1.37.json").read_text())
    (kind,) = [name for name in schema["$defs"] if name.endswith(f".{document['kind']}")]
    validator = jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{kind}"})
    return [error.message for error in validator.iter_errors(document)]


def test_the_manifests_are_what_kubernetes_takes() -> None:
    documents = list(yaml.safe_load_all(MANIFEST.read_text()))
    assert {each["kind"] for each in documents} == {"ConfigMap", "Service", "StatefulSet"}
    assert [fault for each in documents for fault in kubernetes_faults(each)] == []
    for each in documents:
        assert kubernetes_faults({**each, "no_such_field": 1}) != []


def test_a_misspelt_field_deep_in_a_manifest_is_seen() -> None:
    text = MANIFEST.read_text()
    for field in ("readOnlyRootFilesystem", "runAsNonRoot", "secretKeyRef", "failureThreshold", "volumeClaimTemplates"):
        documents = yaml.safe_load_all(text.replace(field, field[:-1]))
        assert [fault for each in documents for fault in kubernetes_faults(each)] != [], field


def test_a_pod_may_do_no_more_than_it_must() -> None:
    pod = container()
    (each,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == IMAGES["cpu"].user
    assert each["securityContext"]["readOnlyRootFilesystem"]
    probes = {name: each[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    mounts = {mount["name"]: mount["mountPath"] for mount in each["volumeMounts"]}
    assert mounts.keys() == {"data", "config", "tmp"}
    assert (mounts["data"], mounts["config"]) == ("/data", "/etc/askcam")
    keys = {each["name"]: each["valueFrom"]["secretKeyRef"]["key"] for each in each["env"]}
    assert keys == {"ASKCAM_TOKEN": "token", "ASKCAM_ADMIN_TOKEN": "admin-token"}
    text = MANIFEST.read_text()
    assert all(f"--from-literal={key}=" in text for key in keys.values())
