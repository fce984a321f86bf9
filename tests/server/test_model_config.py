"""What [model] may say of a model behind a server, and of one that runs here; nothing that would mean nothing."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from askcam.app.config_file import load, with_flags
from askcam.server.config_errors import ConfigError
from askcam.server.model_config import HERE_ONLY, THERE_ONLY, ModelConfig

URL = "http://gpu1:8000/v1"
VALUES: dict[str, Any] = {
    "backend": "portable", "device": "cuda", "dtype": "float16", "attention": "sdpa", "positions": "transformers",
    "kv_gb": 2.0, "power": "low", "dialect": "vllm", "family": "qwen3_vl", "first_s": 5.0, "tokenizer": "folder",
    "pictures": "png",
}  # fmt: skip


def test_every_key_that_is_for_one_kind_only_is_refused_with_the_other() -> None:
    assert {*HERE_ONLY, *THERE_ONLY} == VALUES.keys()
    assert VALUES.keys() <= {each.name for each in fields(ModelConfig)}
    for name, value in VALUES.items():
        here = {name: value}
        there = {"url": URL, name: value}
        fine, wrong = (here, there) if name in HERE_ONLY else (there, here)
        ModelConfig(**fine)
        with pytest.raises(ValueError, match=rf"^{name} is"):
            ModelConfig(**wrong)


def test_a_name_is_what_the_server_calls_its_model() -> None:
    config = ModelConfig(model="qwen2.5vl:7b", url=URL)  # a short name of another's, and none of ours
    assert config.engine("built-in", env={}).model == config.name == "qwen2.5vl:7b"
    assert ModelConfig(url=URL).engine("built-in", env={}).model == ""
    assert ModelConfig(url=URL).name == URL
    with pytest.raises(ValueError, match="no model"):
        ModelConfig(model="nobodys:7b")


def test_the_key_is_the_environments_and_goes_to_servers_only() -> None:
    env = {"ASKCAM_MODEL_KEY": "a-secret-key"}
    config = ModelConfig(url=URL).engine("built-in", env=env)
    assert config.key == "a-secret-key"
    assert "a-secret-key" not in repr(config)
    assert ModelConfig().engine("built-in", env=env).key is None
    assert ModelConfig(url=URL).engine("built-in", env={"ASKCAM_MODEL_KEY": ""}).key is None


def test_a_flag_names_another_model_of_the_server_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "askcam.toml"
    file.write_text(f'[model]\nurl = "{URL}"\ndialect = "ollama"\nmodel = "one:7b"\n')
    config = with_flags(load(file), {}, {"model": "nobodys:7b"}).model
    assert (config.model, config.url, config.dialect) == ("nobodys:7b", URL, "ollama")
    with pytest.raises(ConfigError, match="--device"):
        with_flags(load(file), {}, {"device": "cuda"})


def test_a_tokenizer_lies_beside_the_file_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "askcam.toml"
    file.write_text(f'[model]\nurl = "{URL}"\ntokenizer = "qwen"\n')
    assert load(file).model.tokenizer == str(tmp_path / "qwen")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = "gpu1:8000"', "http"),
        ('url = "http://me:secret@gpu1/v1"', "ASKCAM_MODEL_KEY"),
        ('dialect = "vllm"', "name its url"),
        (f'url = "{URL}"\ndialect = "vlm"', "vllm"),
        (f'url = "{URL}"\nfirst_s = 0', "first_s"),
        (f'url = "{URL}"\nkey = "abc"', "unknown key"),
    ],
)
def test_a_wrong_value_is_told_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "askcam.toml"
    file.write_text(f"[model]\n{line}\n")
    with pytest.raises(ConfigError, match=said) as caught:
        load(file)
    assert "askcam.toml:" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["gpu1:8000", "http://user:secret@gpu1/v1", "ftp://gpu1", "http://gpu1:port/v1", "http://g pu"]
)
def test_a_wrong_address_is_told_by_the_option_or_by_the_line_of_the_file(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        ModelConfig.of_flags({"url": url})
    assert str(refused.value).startswith("--model-url: ")
    file = tmp_path / "askcam.toml"
    file.write_text(f'[model]\nurl = "{url}"\n')
    with pytest.raises(ConfigError) as read:
        load(file, {})
    assert f"{file}:2: model.url: " in str(read.value)
    assert "secret" not in f"{refused.value} {read.value}"
