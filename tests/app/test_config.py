"""askcam.toml and the command line: what they make together, and one clear line for whatever is wrong."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.app.config import CameraEntry, Config, ServerConfig
from askcam.app.config_file import check, load, with_cameras, with_flags
from askcam.features.evidence.config import EvidenceConfig
from askcam.features.evidence.retention import EvidenceBounds
from askcam.server.access.limits import Limits
from askcam.server.attached.allowed import FetchConfig
from askcam.server.config_errors import ConfigError
from askcam.server.storage.folder import data_folder
from askcam.stream.status import CameraConfig
from askcam.stream.zones import Zone

TOKEN, ADMIN = "viewer-token", "admin-token"

WHOLE = """
[server]
host = "0.0.0.0"
port = 9000
tls_cert = "cert.pem"
tls_key = "/keys/key.pem"
token = "viewer-token"
admin_token = "admin-token"
allowed_origins = ["https://house.example"]
max_age_ms = 3000

[model]
model = "Qwen/Qwen2-VL-2B-Instruct"
device = "cuda:0"
dtype = "bfloat16"
max_pairs = 12
max_waiting = 8

[cameras.lobby]
uri = "rtsp://me:hunter2@10.0.0.5/stream"
fps = 4
motion_gate = 1.5

[cameras.desk-2]
uri = "webcam:0"

[limits]
max_sessions = 5

[answers]
keep = 10
max_bytes = 1_000_000

[evidence]
enabled = true
folder = "seen"
max_answers = 50
max_bytes = 5_000_000
max_days = 0.5
private = true

[fetch]
allow = ["https://shop.example/", "*.cdn.example"]
private = ["shop.example"]
timeout_s = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "askcam.toml"


def complaint(file: Path, text: str) -> str:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(str(file.parent) + "/")


def refused(config: Config) -> str:
    with pytest.raises(ConfigError) as caught:
        check(config)
    return str(caught.value)


def of(**server: object) -> Config:
    return Config(server=ServerConfig(**server))  # type: ignore[arg-type]


def test_every_section_is_read(file: Path) -> None:
    file.write_text(WHOLE)
    config = load(file)
    assert (config.server.host, config.server.port, config.server.max_age_ms) == ("0.0.0.0", 9000, 3000)
    assert (config.server.tokens.viewer, config.server.tokens.admin) == (TOKEN, ADMIN)
    assert config.server.allowed_origins == ("https://house.example",)
    assert list(config.cameras) == ["lobby", "desk-2"]
    assert config.cameras["lobby"].uri == "rtsp://me:hunter2@10.0.0.5/stream"
    assert config.cameras["lobby"].config == CameraConfig(fps=4.0, motion_gate=1.5)
    assert config.cameras["desk-2"].config == CameraConfig()
    assert (config.limits.max_sessions, config.answers.keep, config.answers.max_bytes) == (5, 10, 1_000_000)
    engine = config.model.engine("built-in")
    assert (engine.model, engine.device, engine.max_pairs) == ("Qwen/Qwen2-VL-2B-Instruct", "cuda:0", 12)


def test_evidence_lies_beside_the_config_file_or_in_the_users_own_folder(file: Path) -> None:
    file.write_text(WHOLE)
    evidence = load(file).sections["evidence"]
    assert (evidence.enabled, evidence.folder, evidence.private) == (True, file.parent / "seen", True)
    assert evidence.bounds == EvidenceBounds(50, 5_000_000, 0.5)
    file.write_text("[evidence]\nenabled = true")
    own = load(file, {"HOME": "/h", "XDG_DATA_HOME": "/data", "USERPROFILE": "/h"}).sections["evidence"]
    assert own.folder == data_folder({"HOME": "/h", "XDG_DATA_HOME": "/data", "USERPROFILE": "/h"})
    assert not own.private
    assert load().sections["evidence"] == EvidenceConfig()


def test_what_may_be_fetched_is_read_and_checked(file: Path) -> None:
    file.write_text(WHOLE)
    assert load(file).fetch == FetchConfig(("https://shop.example/", "*.cdn.example"), ("shop.example",), timeout_s=3.0)
    assert load().fetch.allow == ()
    assert "under [fetch], allow names 'ftp://x/'" in refused(Config(fetch=FetchConfig(("ftp://x/",))))
    assert "askcam.toml:2: fetch.timeout_s" in complaint(file, "[fetch]\ntimeout_s = 0")


def test_masks_and_zones_are_read(file: Path) -> None:
    corner = "[[0, 0], [0.5, 0], [0, 0.5]]"
    file.write_text(f"[cameras.a]\nuri = 'x'\nmasks = [{corner}]\n[cameras.a.zones.door]\npolygon = {corner}\n")
    points = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5))
    assert load(file).cameras["a"].config == CameraConfig(masks=(points,), zones={"door": Zone(points)})


def test_nothing_said_is_the_built_in_model_on_this_machine_only(file: Path) -> None:
    file.write_text("")
    assert load(file) == load() == Config(sections=load().sections)
    assert load().model.engine("/the/built-in").model == "/the/built-in"
    check(load())


def test_tls_files_are_looked_for_beside_the_config_file(file: Path) -> None:
    file.write_text(WHOLE)
    assert load(file).server.tls_cert == file.parent / "cert.pem"
    assert load(file).server.tls_key == Path("/keys/key.pem")


def test_secrets_do_not_show_in_reprs(file: Path) -> None:
    file.write_text(WHOLE)
    shown = repr(load(file)) + repr(load(file).server.tokens)
    assert not any(secret in shown for secret in (TOKEN, ADMIN, "hunter2"))


def test_tokens_of_the_environment_go_before_the_files_and_empty_ones_are_none(file: Path) -> None:
    file.write_text(WHOLE)
    config = load(file, {"ASKCAM_TOKEN": "from-the-environment", "ASKCAM_ADMIN_TOKEN": ""})
    assert (config.server.token, config.server.admin_token) == ("from-the-environment", ADMIN)
    assert not load(None, {"ASKCAM_TOKEN": ""}).server.tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[sever]\nport = 1", "askcam.toml:1: sever: unknown key; did you mean 'server'?"),
        ("[server]\nprot = 1", "askcam.toml:2: server.prot: unknown key; did you mean 'port'?"),
        ("[server]\nport = 65536", "askcam.toml:2: server.port: expected an integer <= 65535, got 65536"),
        ("[server]\nmax_age_ms = 0", "askcam.toml:2: server.max_age_ms: expected a number > 0.0, got 0"),
        ("[model]\nbackend = 'tpu'", "askcam.toml:2: model.backend: unknown value 'tpu'; known: auto, live, portable"),
        ("[model]\nmax_pairs = 1", "askcam.toml:2: model.max_pairs: expected an integer >= 2, got 1"),
        ("[limits]\nmax_sessions = 0", "askcam.toml:2: limits.max_sessions: expected an integer >= 1, got 0"),
        ("[answers]\nkeep = 'all'", "askcam.toml:2: answers.keep: expected an integer, got a string"),
        ("cameras = 1", "askcam.toml:1: cameras: expected tables like [cameras.lobby], got an integer"),
        ("[[cameras]]\nname = 'a'", "askcam.toml:1: cameras: expected tables like [cameras.lobby], got an array"),
        ("[cameras]\n\nlobby = 'x'", "askcam.toml:3: cameras.lobby: expected a table like [cameras.lobby]"),
        ("[cameras.lobby]\nfps = 2", "askcam.toml:1: cameras.lobby.uri: a camera needs its source: uri ="),
        ("[cameras.lobby]\nuri = 3", "askcam.toml:2: cameras.lobby.uri: a camera needs its source: uri ="),
        ("[cameras.a]\nuri='x'\nfsp = 2", "askcam.toml:3: cameras.a.fsp: unknown key; did you mean 'fps'?"),
        ("[cameras.a]\nuri='x'\nfps = '2'", "askcam.toml:3: cameras.a.fps: expected a number, got a string"),
        ("[cameras.a]\nuri='x'\n\nfps = 1000", "askcam.toml:4: cameras.a.fps: fps is 1000;"),
        ("[cameras.a]\nuri='x'\nmasks = [[[0, 0], [1, 0]]]", "askcam.toml:3: cameras.a.masks: masks: polygon 1 has 2"),
        ("[cameras.a]\nuri='x'\nmasks = [[0, 0], [1, 0], [1, 1]]", "askcam.toml:3: cameras.a.masks: expected an array"),
        (
            "[cameras.a]\nuri='x'\nmasks = [[[0, 0, 0], [1, 0, 1], [1, 1, 1]]]",
            "askcam.toml:3: cameras.a.masks: expected",
        ),
        (
            "[cameras.a]\nuri='x'\nmasks = [[[0, 0], [1, 0], [1, nan]]]",
            "askcam.toml:3: cameras.a.masks: masks: polygon 1",
        ),
        (
            "[cameras.a]\nuri='x'\nzones = 1",
            "askcam.toml:3: cameras.a.zones: expected tables like [cameras.a.zones.door]",
        ),
        (
            "[cameras.a]\nuri='x'\n[cameras.a.zones.d]\npoly = []",
            "askcam.toml:4: cameras.a.zones.d.poly: unknown key; did",
        ),
        ("[cameras.a]\nuri='x'\n[cameras.a.zones.d]", "askcam.toml:3: cameras.a.zones.d: a zone needs polygon"),
        (
            "[cameras.a]\nuri='x'\n[cameras.a.zones.d]\npolygon = [[0, 0], [1, 1], [1, 0], [0, 1]]",
            "askcam.toml:3: cameras.a.zones: zones: the polygon of 'd' crosses or touches itself",
        ),
        ("[cameras.askcam]\nuri='x'", "askcam.toml:1: cameras.askcam: 'askcam' cannot be a camera's name"),
        ("[cameras.push-1]\nuri='x'", "askcam.toml:1: cameras.push-1: 'push-1' cannot be a camera's name"),
        ("[cameras.'The Lobby']\nuri='x'", "askcam.toml:1: cameras.'The Lobby': 'The Lobby' cannot be"),
        ("[cameras.a]\nuri='x'\n[cameras.a]\nuri='y'", "askcam.toml:3:"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_path(file: Path, text: str, expected: str) -> None:
    assert complaint(file, text).startswith(expected)


@given(
    port=st.integers(0, 65535),
    fps=st.floats(0.05, 60),
    names=st.lists(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True), unique=True, max_size=4),
    sessions=st.integers(1, 1_000_000),
)
def test_whatever_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, port: int, fps: float, names: list[str], sessions: int
) -> None:
    names = [name for name in names if name != "askcam" and not name.startswith("push")]
    text = f"[server]\nport = {port}\n[limits]\nmax_sessions = {sessions}\n"
    text += "".join(f"[cameras.{name}]\nuri = 'webcam:{i}'\nfps = {fps!r}\n" for i, name in enumerate(names))
    file = tmp_path_factory.mktemp("config") / "askcam.toml"
    file.write_text(text)
    assert load(file) == Config(
        server=ServerConfig(port=port),
        limits=Limits(max_sessions=sessions),
        cameras={name: CameraEntry(f"webcam:{i}", CameraConfig(fps=fps)) for i, name in enumerate(names)},
        sections=load().sections,
    )


def test_cameras_of_the_command_line_come_after_the_files() -> None:
    config = with_cameras(Config(cameras={"a": CameraEntry("webcam:0")}), ["b=rtsp://host/x?token=1=2"])
    assert list(config.cameras.items()) == [
        ("a", CameraEntry("webcam:0")),
        ("b", CameraEntry("rtsp://host/x?token=1=2")),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lobby", "--camera takes NAME=URI, as in lobby=rtsp://host/path; it was given 'lobby'"),
        ("lobby=", "it was given 'lobby'"),
        ("rtsp://me:hunter2@host/path", "it was given a URI without a name"),
        ("rtsp://me:hunter2@host/path?a=b", "it was given a URI without a name"),
        ("push-x=webcam:0", "--camera: 'push-x' cannot be a camera's name"),
        ("a=webcam:1", "'a' is the name of two cameras; rename one"),
    ],
)
def test_a_wrong_camera_on_the_command_line_is_refused_without_its_password(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_cameras(Config(cameras={"a": CameraEntry("webcam:0")}), [text])
    assert expected in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_flags_have_the_last_word_and_leave_the_rest() -> None:
    config = with_flags(of(host="localhost", port=1), {"port": 9}, {"device": "cpu"})
    assert (config.server.host, config.server.port, config.model.device) == ("localhost", 9, "cpu")


@pytest.mark.parametrize(
    ("server", "model", "expected"),
    [
        ({"port": 70000}, {}, "--port: expected an integer <= 65535, got 70000"),
        ({"max_age_ms": -1.0}, {}, "--max-age-ms: expected a number > 0.0, got -1.0"),
        ({}, {"dtype": "float8"}, "--dtype: unknown value 'float8'; known: auto, float32, bfloat16, float16"),
    ],
)
def test_a_wrong_flag_is_named(server: dict[str, object], model: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError, match=f"^{expected}$"):
        with_flags(Config(), server, model)


def test_an_open_server_may_not_listen_to_others() -> None:
    said = refused(of(host="0.0.0.0"))
    assert "0.0.0.0" in said
    assert "ASKCAM_TOKEN" in said
    check(of(host="0.0.0.0", token=TOKEN))


@pytest.mark.parametrize("token", ["short", "with a blank", "ünïcödé-token", "line\nbreak-token"])
def test_a_token_that_no_header_can_carry_or_anybody_can_guess_is_refused_without_being_shown(token: str) -> None:
    for each in (of(token=token), of(admin_token=token)):
        said = refused(each)
        assert "token" in said
        assert repr(token)[1:-1] not in said


def test_one_token_for_both_roles_is_refused() -> None:
    assert "every viewer would be an admin" in refused(of(token=TOKEN, admin_token=TOKEN))


@pytest.mark.parametrize("origin", ["*", "house.example", "https://house.example/page"])
def test_an_allowed_origin_is_an_origin(origin: str) -> None:
    assert f"allowed_origins names {origin!r}" in refused(of(allowed_origins=(origin,)))


def test_a_tls_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    config = of(tls_cert=tmp_path / "absent.pem", tls_key=tmp_path / "absent.key")
    assert refused(config) == f"cannot read the TLS file {tmp_path}/absent.pem: No such file or directory"
    assert replace(config.server, tls_cert=None).tls is False


def test_a_short_name_is_the_model_that_it_stands_for(tmp_path: Path) -> None:
    path = tmp_path / "askcam.toml"
    path.write_text('[model]\nmodel = "qwen3-vl:2b"\n')
    config = load(path, {})
    assert config.model.model == "Qwen/Qwen3-VL-2B-Instruct"
    assert with_flags(config, {}, {"model": "built-in"}).model.model is None
    path.write_text('[model]\nmodel = "qwen3-vl:3b"\n')
    with pytest.raises(ConfigError, match=r"askcam.toml:1: .*there is no model 'qwen3-vl:3b'; did you mean qwen3"):
        load(path, {})
    with pytest.raises(ConfigError, match=r"--model: there is no model 'qwen3-vl:3b'; did you mean"):
        with_flags(config, {}, {"model": "qwen3-vl:3b"})
