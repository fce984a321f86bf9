"""Why the broker cannot be had, in words for people, with what helps. Pure."""

from askcam.features.mqtt.config import MqttConfig

UNKNOWN_ID, AWAY, WRONG_PASSWORD, FORBIDDEN = 133, 136, 134, 135  # reason codes, as MQTT 5 has them


class BrokerAway(Exception):
    """The connection cannot be had, or is over. The message says why, and holds no secret."""


def refused(config: MqttConfig, code: int) -> str:
    """Why a broker has not let this server in; `code`: its reason."""
    broker = config.broker
    who = "a client without a user" if broker.user is None else f"the user {broker.user!r}"
    if code in (WRONG_PASSWORD, FORBIDDEN):
        remedy = f"set {config.password_env}, and the user in the url of [mqtt], as the broker has them"
        return f"the broker at {broker.place} refuses {who}: {remedy}"
    if code == UNKNOWN_ID:
        return f"the broker at {broker.place} refuses the client_id {config.client_id!r}: name another under [mqtt]"
    if code == AWAY:
        return f"the broker at {broker.place} says that it cannot be used now: see its log"
    return f"the broker at {broker.place} refuses the connection (reason {code}): see its log"


def unreachable(config: MqttConfig, said: str) -> str:
    """Why no connection came about; `said`: what the system or the library has said."""
    place = config.broker.place
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return (
            f"the certificate of the broker at {place} is not to be trusted: name who signs it with ca under [mqtt], "
            "and call the broker by the name that stands in it"
        )
    if "SSL" in said or ("timed out" in said and config.broker.tls):
        return f"the broker at {place} does not speak TLS there: say mqtt:// under [mqtt], or name its TLS port"
    if "timed out" in said:
        return f"the broker at {place} does not answer: is it the right port? One for TLS wants mqtts://"
    return f"the broker at {place} cannot be reached ({said}): does it run, and is the url of [mqtt] right?"


def cut_off(config: MqttConfig) -> str:
    """A connection that had been there has ended."""
    return f"the broker at {config.broker.place} has ended the connection"


def cut_off_again(config: MqttConfig) -> str:
    """One connection after the other ends soon after it has begun."""
    return (
        f"the broker at {config.broker.place} ends each connection soon after it has begun: does another program, or "
        f"another askcam, use the client_id {config.client_id!r}? Give each its own under [mqtt]; its log may say more"
    )


def not_subscribed(topic: str, config: MqttConfig) -> str:
    user = config.broker.user or "clients without a user"
    return f"the broker's ACL refuses to let {user} read {topic}: allow it there"


def not_passed_on(topic: str, config: MqttConfig) -> str:
    user = config.broker.user or "clients without a user"
    return (
        f"the broker takes what is published to {topic}, and passes it on to nobody: allow {user} to write to "
        f"{config.prefix}/# in its ACL" + (f", and to {config.discovery}/#" if config.discovery else "")
    )
