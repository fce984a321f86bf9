"""Every complaint about a TOML file names file, line and key."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.server.config_errors import ConfigError
from askcam.server.toml_file import Toml

FILE = Path("askcam.toml")


@dataclass(frozen=True, slots=True)
class Section:
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8400
    speed: float = 1.0
    secret: str | None = None
    cert: Path | None = None
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.speed == 0:
            raise ValueError(f"speed is {self.speed:g}; it must be more")


def read(text: str) -> Section:
    return Toml.parse(FILE, text).section(("server",), Section)


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_values_become_a_dataclass_and_the_rest_keeps_its_defaults() -> None:
    text = '[server]\nport = 80\nspeed = 2\ncert = "a.pem"\norigins = ["x"]'
    assert read(text) == Section(port=80, speed=2.0, cert=Path("a.pem"), origins=("x",))
    assert read("") == Section()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[server]\n\n# a remark\nprot = 80\n", "askcam.toml:4: server.prot: unknown key; did you mean 'port'?"),
        (
            "[server]\nzzz = 80\n",
            "askcam.toml:2: server.zzz: unknown key; known here: cert, host, origins, port, secret, speed",
        ),
        ('[server]\nhost = "x"\nport = "80"\n', "askcam.toml:3: server.port: expected an integer, got a string"),
        ("[server]\nport = true", "askcam.toml:2: server.port: expected an integer, got a boolean"),
        ("[server]\nport = 1.5", "askcam.toml:2: server.port: expected an integer, got a float"),
        ("[server]\nspeed = 'x'", "askcam.toml:2: server.speed: expected a number, got a string"),
        ("[server]\nport = 70000", "askcam.toml:2: server.port: expected an integer <= 65535, got 70000"),
        ("[server]\nport = 2024-01-01", "askcam.toml:2: server.port: expected an integer, got a date"),
        ("[server]\norigins = [\n  'a',\n  3,\n]", "askcam.toml:2: server.origins: expected a string, got an integer"),
        ("[server]\ncert = 3", "askcam.toml:2: server.cert: expected a string, got an integer"),
        ("[server]\nspeed = 0", "askcam.toml:2: server.speed: speed is 0; it must be more"),
        ("server = 3", "askcam.toml:1: server: expected a table, got an integer"),
        ("\nserver = { port = 1, hots = 2 }", "askcam.toml:2: server.hots: unknown key; did you mean 'host'?"),
        ("server.port = 1\nserver.hots = 2", "askcam.toml:2: server.hots: unknown key; did you mean 'host'?"),
        ("[server]\n'a b' = 1", "askcam.toml:2: server.'a b': unknown key;"),
        ("[server]\nport =\n", "askcam.toml:2:7: not TOML: invalid value"),
        ("[server]\nport = 1\nport = 2\n", "askcam.toml:3:9: not TOML: cannot overwrite a value"),
        ("[server]\nhost = 'x", "askcam.toml:2: not TOML:"),
    ],
)
def test_complaints(text: str, expected: str) -> None:
    assert complaint(text).startswith(expected)


def test_no_complaint_repeats_a_text_that_may_be_a_secret() -> None:
    assert "hunter2" not in complaint('[server]\nport = "hunter2"')
    assert "hunter2" not in complaint('[server]\nhost = ["hunter2"]')


def test_windows_line_ends_do_not_shift_lines() -> None:
    assert complaint("[server]\r\n\r\nprot = 1\r\n").startswith("askcam.toml:3:")


VALUES = st.sampled_from(
    ["1", '"x"', '"""\na\n\nb = 2\n"""', "[\n 1,\n # [server]\n 2 ]", "{ a = 1 }", "'''\n[x]\n'''"]
)
NOISE = st.sampled_from(["", "# x = 1", "   "])


@given(
    before=st.lists(st.tuples(NOISE, VALUES), max_size=6),
    noise=st.lists(NOISE, max_size=4),
    value=VALUES,
    after=st.lists(VALUES, max_size=4),
)
def test_the_line_of_a_key_is_where_its_statement_starts(
    before: list[tuple[str, str]], noise: list[str], value: str, after: list[str]
) -> None:
    lead = "".join(f"{blank}\nk{i} = {other}\n" for i, (blank, other) in enumerate(before))
    lead += "[table]\n" + "".join(blank + "\n" for blank in noise)
    text = f"{lead}wanted = {value}\n" + "".join(f"a{i} = {other}\n" for i, other in enumerate(after))
    assert Toml.parse(FILE, text).line(("table", "wanted")) == lead.count("\n") + 1


def test_a_key_that_is_not_there_is_placed_at_the_nearest_table_that_is() -> None:
    toml = Toml.parse(FILE, "a = 1\n[cameras.lobby]\nfps = 2\n")
    assert toml.line(("cameras", "lobby", "uri")) == 2
    assert toml.line(("nothing",)) is None
    assert toml.place(("nothing", "here")) == "askcam.toml: nothing.here"


def test_a_file_that_is_not_there_names_itself_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no config file .*absent\.toml: write one, or leave --config out"):
        Toml.read(tmp_path / "absent.toml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the config file"):
        Toml.read(tmp_path)


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "askcam.toml"
    path.write_bytes(b"[server]\nhost = '\xff'\n")
    with pytest.raises(ConfigError, match=r"askcam\.toml:2: this is not UTF-8 text"):
        Toml.read(path)


def test_a_huge_file_is_no_config(tmp_path: Path) -> None:
    path = tmp_path / "askcam.toml"
    path.write_bytes(b"#" * (300 << 10))
    with pytest.raises(ConfigError, match=r"that is no askcam\.toml"):
        Toml.read(path)
