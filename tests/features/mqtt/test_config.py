"""[mqtt] of askcam.toml: what is taken, what is refused, and what is never shown."""

import sys
from pathlib import Path

import pytest

from askcam.features.mqtt import config
from askcam.features.mqtt.config import MqttConfig, check_mqtt, read_mqtt, secrets
from askcam.server.config_errors import ConfigError
from askcam.server.toml_file import Toml


def read(text: str, env: dict[str, str] | None = None) -> MqttConfig | None:
    return read_mqtt(Toml.parse(Path("askcam.toml"), text), env or {})


def test_without_the_section_there_is_nothing() -> None:
    assert read("") is None
    check_mqtt(None)
    assert list(secrets(None)) == []


def test_the_usual_is_what_home_assistant_expects() -> None:
    found = read('[mqtt]\nurl = "mqtts://house@broker.example"', {"ASKCAM_MQTT_PASSWORD": "p4ssw0rd"})
    assert found is not None
    broker = found.broker
    assert (broker.place, broker.tls, broker.user, broker.password) == (
        "broker.example:8883",
        True,
        "house",
        "p4ssw0rd",
    )
    assert (found.prefix, found.discovery, found.ask) == ("askcam", "homeassistant", False)
    assert found.client_id.startswith("askcam-")
    assert "p4ssw0rd" not in repr(found) + repr(broker)
    assert "p4ssw0rd" in next(iter(secrets(found)))[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no broker"),
        ('url = "http://u:hunter2@host"', "url is no broker's address"),
        ('url = "mqtt://host/topic-hunter2"', "url is no broker's address"),
        ('url = "mqtt://host:hunter2"', "url is no broker's address"),
        ('url = "mqtt://:hunter2@host"', "url names no user"),
        ('url = "mqtt://host"\nprefix = "a/#"', "prefix must be"),
        ('url = "mqtt://host"\nprefix = "/a"', "prefix must be"),
        ('url = "mqtt://host"\ndiscovery = "a+"', "discovery must be"),
        ('url = "mqtt://host"\nclient_id = "a b"', "client_id must be"),
        ('url = "mqtt://host"\nca = "ca.pem"', "ca is of mqtts"),
        ('url = "mqtt://host"\npassword_env = "hunter2"', "password_env must be"),
        ('url = "mqtt://u@host"\npassword_env = "HOUSE_PASSWORD"', "HOUSE_PASSWORD is not set"),
        ('url = "mqtt://host"\npassword = "hunter2"', "unknown key"),
        ('url = "mqtt://host"\nask = "yes"', "expected true or false"),
    ],
)
def test_what_makes_no_sense_is_named_and_not_repeated(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(f"[mqtt]\n{text}")
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert str(refused.value).startswith("askcam.toml")


def test_a_missing_package_or_certificate_is_told_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read('[mqtt]\nurl = "mqtts://host"\nca = "nowhere.pem"')
    with pytest.raises(ConfigError, match=r"there is no file nowhere\.pem"):
        check_mqtt(found)
    monkeypatch.setattr(config.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'askcam\[mqtt\]'"):
        check_mqtt(read('[mqtt]\nurl = "mqtt://host"'))


def test_the_section_alone_reads_no_library() -> None:
    import subprocess

    code = "import sys, askcam.app.features; print(any('aiomqtt' in n or 'paho' in n for n in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120).stdout == "False\n"
