"""[mqtt] of askcam.toml. The password may come from the environment, by a variable that is named."""

import importlib.util
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from platform import node
from urllib.parse import unquote, urlsplit

from askcam.server.access.viewer import Role, Viewer
from askcam.server.config_errors import ConfigError
from askcam.server.toml_file import Toml
from askcam.stream.sources.label import secrets_of

PASSWORD = "ASKCAM_MQTT_PASSWORD"
EXAMPLE = 'url = "mqtt://user@192.168.1.5:1883", or mqtts://'
PORTS = {"mqtt": 1883, "mqtts": 8883}
PREFIX = re.compile(r"(?![$/])(?!.*//)[^+#\x00-\x20\x7f]{1,64}(?<!/)")  # one level or several, as topics may have them
DISCOVERY = re.compile(r"(?:(?![$/])(?!.*//)[^+#\x00-\x20\x7f]{1,64}(?<!/))?")
CLIENT_ID = re.compile(r"[!-~]{1,64}")
VARIABLE = re.compile(r"(?=.{1,64}\Z)[A-Z][A-Z0-9]{0,23}(_[A-Z0-9]{1,23})+")


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is, and who this server is to it."""

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """For people, and for what is kept of it: without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """[mqtt]. Raises ValueError, naming the field first and never showing the URL or the password."""

    url: str = field(repr=False)
    password_env: str = PASSWORD  # the variable that holds the password
    client_id: str = field(default_factory=lambda: f"askcam-{sha256(node().encode()).hexdigest()[:8]}")
    prefix: str = "askcam"  # of all topics
    discovery: str = "homeassistant"  # Home Assistant's prefix; "": tell it nothing
    ask: bool = False  # whoever may publish to PREFIX/ask may ask all public cameras
    judge: bool = False  # whoever may publish below PREFIX/watch may say that a watch's newest event was wrong
    ca: Path | None = None  # PEM: who signs the broker's certificate, where the system does not know it
    cameras: tuple[str, ...] | None = None  # whoever may listen at the broker sees these; None: all public ones
    password: str | None = field(default=None, repr=False)  # not of the file

    def __post_init__(self) -> None:
        broker_of(self.url, self.password)
        if not VARIABLE.fullmatch(self.password_env):
            raise ValueError(f'password_env must be the name of a variable: password_env = "{PASSWORD}"')
        if not PREFIX.fullmatch(self.prefix):
            raise ValueError("prefix must be 1 to 64 characters without +, # and blanks, and without / at its ends")
        if not DISCOVERY.fullmatch(self.discovery):
            raise ValueError('discovery must be a prefix of topics, as "homeassistant", or "" for none')
        if not CLIENT_ID.fullmatch(self.client_id):
            raise ValueError("client_id must be 1 to 64 plain characters without blanks")
        if self.cameras is not None and not self.cameras:
            raise ValueError("cameras is empty: name some, or leave it out for all")
        if self.ca is not None and not self.broker.tls:
            raise ValueError('ca is of mqtts://; leave it out, or say url = "mqtts://..."')

    @property
    def viewer(self) -> Viewer:
        """Whoever may speak with the broker."""
        return Viewer("mqtt", Role.VIEWER, None if self.cameras is None else frozenset(self.cameras))

    @property
    def broker(self) -> BrokerAddress:
        return broker_of(self.url, self.password)


def broker_of(url: str, password: str | None = None) -> BrokerAddress:
    """Raises ValueError, which does not show the URL."""
    wrong = ValueError(f"url is no broker's address; expected {EXAMPLE}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    rest = parts.path not in ("", "/") or parts.query or parts.fragment
    if parts.scheme not in PORTS or not host or rest or re.search(r"[\x00-\x20]", url) or port == 0:
        raise wrong
    own = None if parts.password is None else unquote(parts.password)
    user = None if not parts.username else unquote(parts.username)
    if user is None and (own or password) is not None:
        raise ValueError("url names no user, and there is a password: mqtt://user@host")
    return BrokerAddress(host, port or PORTS[parts.scheme], parts.scheme == "mqtts", user, own or password)


def read_mqtt(toml: Toml, env: Mapping[str, str] | None) -> MqttConfig | None:
    """None where there is no [mqtt]. Raises ConfigError."""
    path = ("mqtt",)
    if "mqtt" not in toml.data:
        return None
    toml.check_keys(path, [key for key in MqttConfig.__dataclass_fields__ if key != "password"])
    table = dict(toml.at(path))
    if not table.get("url"):
        raise ConfigError(f"{toml.place(path)}: it names no broker; write {EXAMPLE}")
    found: MqttConfig = toml.beside(toml.convert(path, table, MqttConfig), "ca")
    password = (env or {}).get(found.password_env) or None
    if password is None and "password_env" in table and env is not None:
        raise ConfigError(f"{toml.place((*path, 'password_env'))}: {found.password_env} is not set in the environment")
    if password is None or found.broker.user is None:
        return found
    return replace(found, password=password)


def check_mqtt(config: MqttConfig | None, cameras: Collection[str] = ()) -> None:
    """Raise ConfigError for what is missing to speak MQTT."""
    if config is None:
        return
    if importlib.util.find_spec("aiomqtt") is None:
        raise ConfigError("[mqtt] needs the package aiomqtt: pip install 'askcam[mqtt]'")
    if config.ca is not None and not config.ca.is_file():
        raise ConfigError(
            f"[mqtt]: there is no file {config.ca}: ca names the PEM of who signs the broker's certificate"
        )


def secrets(config: MqttConfig | None) -> Iterator[tuple[str, Iterable[str]]]:
    """What must not be shown."""
    if config is not None:
        broker = config.broker
        yield "mqtt", [*secrets_of(config.url), *([broker.password] if broker.password else [])]
