"""[tools], [tools.mcp.NAME], [catalogue] and a camera's tools in askcam.toml."""

from pathlib import Path

import pytest

from askcam.app.config import Config
from askcam.app.config_file import load
from askcam.server.config_errors import ConfigError
from askcam.server.tools.base import CallLimits


def read(folder: Path, text: str) -> Config:
    (folder / "askcam.toml").write_text(text)
    return load(folder / "askcam.toml")


def test_all_of_it_is_read(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        """
        [tools]
        timeout_s = 3
        max_rounds = 2
        max_calls = 5
        max_result_chars = 1000
        cameras = ["clock"]
        allow = ["info.*"]
        [tools.mcp.info]
        command = ["python", "x.py"]
        env = { KEY = "hunter2hunter2" }
        cwd = "there"
        [tools.mcp.far]
        url = "https://far.example/mcp"
        headers = { Authorization = "Bearer hunter2hunter2" }
        [catalogue]
        file = "goods.db"
        [cameras.lobby]
        uri = "synthetic:1"
        [cameras.desk]
        uri = "synthetic:2"
        desk = true
        [cameras.mine]
        uri = "synthetic:3"
        desk = true
        tools = []
        """,
    )
    assert config.tools.limits == CallLimits(("info.*",), 3, 2, 5, 1000)
    assert config.tools.mcp["info"].command == ("python", "x.py")
    assert config.tools.mcp["info"].cwd == str(tmp_path / "there")
    assert config.tools.mcp["far"].url == "https://far.example/mcp"
    assert config.sections["catalogue"].file == tmp_path / "goods.db"
    assert {name: entry.use.tools for name, entry in config.cameras.items()} == {
        "lobby": ("clock",),
        "desk": ("clock", "built-in.lookup_product"),
        "mine": (),
    }
    assert "hunter2" not in repr(config)


def test_without_a_word_about_tools_no_camera_may_call_any(tmp_path: Path) -> None:
    config = read(tmp_path, '[cameras.lobby]\nuri = "synthetic:1"\n')
    assert config.cameras["lobby"].use.tools == ()
    assert config.tools.mcp == {}
    assert config.sections["catalogue"].file is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tools]\ntimeout = 3\n", "did you mean 'timeout_s'"),
        ("[tools]\ntimeout_s = 0\n", "timeout_s"),
        ("[tools]\nmax_rounds = 0\n", "max_rounds"),
        ("[tools.mcp.info]\n", "command or url"),
        ('[tools.mcp.info]\ncommand = ["a"]\nurl = "http://x"\n', "one of them"),
        ('[tools.mcp.info]\nurl = "ftp://x"\n', "http"),
        ('[tools.mcp.info]\ncommand = "python x.py"\n', "array"),
        ('[tools.mcp."In Fo"]\ncommand = ["a"]\n', "an MCP server's name"),
        ('[tools.mcp.built-in]\ncommand = ["a"]\n', "an MCP server's name"),
        ("[catalogue]\npath = 'x'\n", "catalogue.path: unknown key"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"askcam\.toml") as caught:
        read(tmp_path, text)
    assert words in str(caught.value)


def test_a_secret_of_the_wrong_type_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, '[tools.mcp.info]\nurl = "http://x"\nheaders = "Bearer hunter2hunter2"\n')
    assert "hunter2" not in str(caught.value)
