"""[notify.NAME] of askcam.toml: every mistake is one line with its place, and no secret in it."""

from pathlib import Path

import msgspec
import pytest
from support.watch_events import event

from askcam.app.config import Config
from askcam.app.config_file import check, load
from askcam.features.notify.setting import KINDS, NotifySetting
from askcam.server.config_errors import ConfigError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOUSE = f'[notify.house]\nwebhook = "https://house.example/hook-1234"\nsecret = "{SECRET}"\n'
PHONE = '[notify.phone]\napprise = ["ntfy://hidden-topic"]\n'


def read(folder: Path, text: str, **env: str) -> Config:
    file = folder / "askcam.toml"
    file.write_text(text)
    config = load(file, env)
    check(config)
    return config


def test_targets_are_read(tmp_path: Path) -> None:
    config = read(tmp_path, HOUSE + 'kinds = ["on"]\nmin_severity = "warning"\npicture = true\n' + PHONE)
    house, phone = config.sections["notify"]["house"], config.sections["notify"]["phone"]
    assert house.place is not None
    assert (house.place.url, house.with_picture, phone.with_picture) == ("https://house.example/hook-1234", True, True)
    assert phone.apprise == ("ntfy://hidden-topic",)
    assert "hook-1234" not in repr(config)
    assert SECRET not in repr(config)
    assert "hidden-topic" not in repr(config)


def test_secrets_may_come_from_the_environment(tmp_path: Path) -> None:
    text = (
        '[notify.house]\nwebhook_env = "HOOK"\nsecret_env = "HOOK_SECRET"\n[notify.phone]\napprise_env = "PUSH"\n'
        "give_up_s = 60.0\n"
    )
    config = read(tmp_path, text, HOOK="http://127.0.0.1:1/x", HOOK_SECRET=SECRET, PUSH="ntfy://a\n json://127.0.0.1 ")
    assert config.sections["notify"]["house"].secret == SECRET
    assert config.sections["notify"]["phone"].apprise == ("ntfy://a", "json://127.0.0.1")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[notify]\nphone = 3\n", r":2: notify.phone: expected a table like \[notify.phone\]"),
        (PHONE.replace("phone", "Phone"), r":1: notify.Phone: a target's name has"),
        ("[notify.phone]\n", r"notify.phone: a target needs to lead somewhere: webhook ="),
        (PHONE + "aprise = 3\n", r":3: notify.phone.aprise: unknown key; did you mean 'apprise'"),
        (HOUSE + 'apprise = ["ntfy://hidden-topic"]\n', r"notify.house: a target leads to one thing"),
        (HOUSE.replace("https", "ftp"), r":2: notify.house.webhook: webhook is no address .* neither http nor https"),
        (HOUSE.replace("//", "//me:hunter2@"), r":2: notify.house.webhook: .*it holds credentials"),
        (HOUSE.replace(SECRET, "whsec_hunter2"), r":3: notify.house.secret: secret is not whsec_ and 24 to 64 bytes"),
        (
            HOUSE.replace("secret =", "secret_env ="),
            r":3: notify.house.secret_env: the variable that it names is not set",
        ),
        (
            HOUSE.replace(f'secret = "{SECRET}"', 'secret_env = "ASKCAM_HOOK_KEY"'),
            r":3: notify.house.secret_env: the variable ASKCAM_HOOK_KEY is not set",
        ),
        (
            HOUSE.replace(f'secret = "{SECRET}"', 'secret_env = "JBSWY3DPEHPK3PXPHUNTER2"'),  # a secret, not its name
            r":3: notify.house.secret_env: the variable that it names is not set",
        ),
        (HOUSE + 'secret_env = "S"\n', r":4: notify.house.secret_env: secret stands there, too"),
        (
            HOUSE.splitlines()[0] + '\nwebhook = "https://house.example/"\n',
            r"notify.house.*secret is missing.*make one",
        ),
        (PHONE + f'secret = "{SECRET}"\n', r":3: notify.phone.secret: secret is of webhooks"),
        (PHONE + 'kinds = ["onn"]\n', r":3: notify.phone.kinds: kinds names 'onn'; known: on, off, changed"),
        (PHONE + 'min_severity = "high"\n', r":3: notify.phone.min_severity: .*info, warning, critical"),
        (PHONE + "timeout_s = 900\n", r":3: notify.phone.timeout_s: .*60"),
        (
            PHONE.replace("ntfy://hidden-topic", "nfty://hunter2"),
            r"\[notify.phone\]: apprise: .* URL 1 of 1 \(nfty://…\)",
        ),
        (PHONE.replace('"]', '", "ntfy://hidden-topic"]'), r"apprise must name up to 16 URLs, each once"),
    ],
)
def test_what_makes_no_sense_is_one_line_without_secrets(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        read(tmp_path, text)
    said = str(caught.value)
    assert "\n" not in said
    for secret in (SECRET, "hunter2", "HUNTER2", "hook-1234", "hidden-topic"):
        assert secret not in said


@pytest.mark.parametrize(
    ("more", "passes"),
    [
        ({}, "door lobby warning on|shelf desk info off|None lobby critical camera_lost"),
        ({"watches": ("door",)}, "door lobby warning on"),
        ({"cameras": ("lobby",)}, "door lobby warning on|None lobby critical camera_lost"),
        ({"kinds": ("off", "camera_lost")}, "shelf desk info off|None lobby critical camera_lost"),
        ({"min_severity": "warning"}, "door lobby warning on|None lobby critical camera_lost"),
        ({"min_severity": "critical", "kinds": ("on",)}, ""),
    ],
)
def test_a_target_gets_what_it_wants(more: dict[str, object], passes: str) -> None:
    setting = msgspec.convert({"apprise": ["json://127.0.0.1"], **more}, NotifySetting)
    events = [
        event("on", "door", "lobby"),
        msgspec.structs.replace(event("off", "shelf", "desk"), severity="info"),
        msgspec.structs.replace(event("camera_lost", None, "lobby"), severity="critical"),
    ]
    found = [f"{one.watch} {one.camera} {one.severity} {one.kind}" for one in events if setting.wants(one)]
    assert "|".join(found) == passes
    assert {"on", "off", "camera_lost", "camera_back"} <= set(KINDS)
