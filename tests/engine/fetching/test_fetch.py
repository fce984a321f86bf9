"""Fetching from a real server that speaks the hub's API: whole, broken off, resumed, damaged, refused."""

from pathlib import Path

import huggingface_hub.constants
import pytest
from huggingface_hub import snapshot_download
from support.hub import COMMIT, Hub

from askcam.engine.errors import ModelError
from askcam.engine.fetching.fetch import cached, compare, fetch
from askcam.engine.fetching.hub_cache import HubCache
from askcam.engine.fetching.listing import list_files
from askcam.engine.fetching.transfer import TRIES, transfer
from askcam.engine.folders import find_model

WEIGHTS = "model.safetensors"


def quiet(what: str, share: float) -> None:
    """Progress that nobody watches."""


def partial(hub: Hub) -> Path:
    """Where the weights wait for their rest."""
    file = next(each for each in list_files("nobody/tiny").files if each.path == WEIGHTS)
    return HubCache("nobody/tiny").blob(f"{file.digest}.askcam")


def test_a_whole_model_lies_where_all_programs_look(hub: Hub, model: Path) -> None:
    told: list[tuple[str, float]] = []
    fetched = fetch("nobody/tiny", lambda what, share: told.append((what, share)))
    assert fetched.folder.name == COMMIT
    assert (fetched.folder / WEIGHTS).read_bytes() == (model / WEIGHTS).read_bytes()
    assert fetched.came_bytes == fetched.num_bytes > (model / WEIGHTS).stat().st_size
    assert fetched.compared == len(list(fetched.folder.iterdir()))
    assert any(what.startswith("fetching nobody/tiny: 0.0") for what, _ in told)
    assert told[-1][1] == pytest.approx(1.0)
    assert snapshot_download("nobody/tiny", local_files_only=True) == str(fetched.folder)
    assert hub.requested[0][0] == "config.json"
    assert hub.requested[-1][0] == max(model.iterdir(), key=lambda path: path.stat().st_size).name


def test_what_is_there_does_not_come_again(hub: Hub) -> None:
    fetch("nobody/tiny", quiet)
    hub.requested.clear()
    again = fetch("nobody/tiny", quiet, anew=True)
    assert (again.came_bytes, hub.requested) == (0, [])


def test_a_connection_that_breaks_goes_on_where_it_broke(hub: Hub, model: Path) -> None:
    hub.breaks_after, hub.breaks = 10_000, 2
    fetched = fetch("nobody/tiny", quiet)
    assert (fetched.folder / WEIGHTS).read_bytes() == (model / WEIGHTS).read_bytes()
    asked = [wanted for name, wanted in hub.requested if name == WEIGHTS]
    assert asked == [None, "bytes=10000-", "bytes=20000-"]
    assert fetched.came_bytes == fetched.num_bytes


def test_a_process_that_ended_is_taken_up_by_the_next(hub: Hub, model: Path) -> None:
    partial(hub).parent.mkdir(parents=True)
    partial(hub).write_bytes((model / WEIGHTS).read_bytes()[:12_345])
    assert cached("nobody/tiny") is None
    fetched = fetch("nobody/tiny", quiet)
    assert (WEIGHTS, "bytes=12345-") in hub.requested
    assert fetched.num_bytes - fetched.came_bytes == 12_345
    assert (fetched.folder / WEIGHTS).read_bytes() == (model / WEIGHTS).read_bytes()
    assert not partial(hub).exists()


def test_a_server_that_takes_no_ranges_sends_all_again(hub: Hub, model: Path) -> None:
    hub.takes_ranges = False
    partial(hub).parent.mkdir(parents=True)
    partial(hub).write_bytes(b"x" * 500)
    shares: list[float] = []
    fetched = fetch("nobody/tiny", lambda what, share: shares.append(share))
    assert (fetched.folder / WEIGHTS).read_bytes() == (model / WEIGHTS).read_bytes()
    assert max(shares) <= 1.0


def test_a_beginning_that_is_longer_than_the_file_is_thrown_away(hub: Hub, model: Path) -> None:
    whole = (model / WEIGHTS).read_bytes()
    partial(hub).parent.mkdir(parents=True)
    partial(hub).write_bytes(whole + b"more")
    assert (fetch("nobody/tiny", quiet).folder / WEIGHTS).read_bytes() == whole


def test_when_nothing_comes_any_more_it_is_said_and_what_came_is_kept(hub: Hub, tmp_path: Path) -> None:
    hub.breaks_after, hub.breaks = 0, 1000
    file = next(each for each in list_files("nobody/tiny").files if each.path == WEIGHTS)
    (tmp_path / "part").write_bytes(b"beginning")
    waited: list[float] = []
    with pytest.raises(ModelError, match=r"model.safetensors of 'nobody/tiny' stopped coming after .* run it again"):
        transfer("nobody/tiny", COMMIT, file, tmp_path / "part", lambda num: None, waited.append)
    assert waited == sorted(waited)
    assert len(waited) == TRIES - 1
    assert (tmp_path / "part").read_bytes() == b"beginning"


def test_other_bytes_than_promised_are_not_taken(hub: Hub) -> None:
    hub.spoiled.add(WEIGHTS)
    with pytest.raises(ModelError, match=r"what came of model.safetensors of .* is not what the hub promised"):
        fetch("nobody/tiny", quiet)
    assert cached("nobody/tiny") is None
    assert not partial(hub).exists()
    hub.spoiled.clear()
    assert fetch("nobody/tiny", quiet).compared


def test_small_files_are_compared_too(hub: Hub) -> None:
    hub.spoiled.add("config.json")
    with pytest.raises(ModelError, match=r"what came of config.json of 'nobody/tiny' is not what the hub promised"):
        fetch("nobody/tiny", quiet)


def test_what_rotted_on_the_disk_comes_again(hub: Hub, model: Path) -> None:
    folder = fetch("nobody/tiny", quiet).folder
    blob = (folder / WEIGHTS).resolve()
    blob.write_bytes(b"\0" * blob.stat().st_size)
    with pytest.raises(ModelError, match=r"model.safetensors is damaged: connect to the internet and run"):
        compare(folder, quiet)
    fetched = fetch("nobody/tiny", quiet, anew=True)
    assert fetched.came_bytes == (model / WEIGHTS).stat().st_size
    assert compare(folder, quiet) == fetched.compared


def test_a_mirror_that_says_no_sizes_and_digests(hub: Hub, model: Path) -> None:
    hub.says_digests = False
    fetched = fetch("nobody/tiny", quiet)
    assert fetched.compared == 0
    assert (fetched.folder / WEIGHTS).read_bytes() == (model / WEIGHTS).read_bytes()
    assert compare(fetched.folder, quiet) == len(list(fetched.folder.iterdir()))  # from now on


NO_HASHES = ["../../../outside", "/outside", "..\\outside", "C:outside", "0" * 39, "G" * 64, "a b"]


@pytest.mark.parametrize("said", ["sha", "digest"])
@pytest.mark.parametrize("name", NO_HASHES)
def test_what_a_mirror_says_becomes_no_path(hub: Hub, tmp_path: Path, said: str, name: str) -> None:
    """Commits and digests name folders and files here."""
    hub.says[said] = name
    with pytest.raises(ModelError, match="is no hub: of 'nobody/tiny' it names commits or files by no hashes"):
        fetch("nobody/tiny", quiet)
    assert hub.requested == []
    assert list(tmp_path.rglob("*outside*")) == []


def test_more_than_was_promised_is_not_waited_for(hub: Hub) -> None:
    hub.endless = True
    with pytest.raises(ModelError, match=r"more came of model.safetensors of 'nobody/tiny' than the \d+ bytes that"):
        fetch("nobody/tiny", quiet)
    assert not partial(hub).exists()
    assert len([name for name, _ in hub.requested if name == WEIGHTS]) == 1


def test_no_room_is_told_before_anything_comes(hub: Hub) -> None:
    hub.sizes[WEIGHTS] = 10**18
    with pytest.raises(ModelError, match=r"takes 1000000000\.\d+ GB more, and .* free some, or set HF_HOME"):
        fetch("nobody/tiny", quiet)
    assert hub.requested == []


def test_a_gated_model(hub: Hub) -> None:
    hub.gated.add("nobody/tiny")
    with pytest.raises(ModelError, match=rf"is gated: accept its terms at {hub.address}/nobody/tiny, then log in with"):
        fetch("nobody/tiny", quiet)


def test_a_name_that_is_nearly_right(hub: Hub) -> None:
    with pytest.raises(ModelError, match=r"check the name \(Qwen/Qwen2-VL-2B-Instruct, .* or .*\?\), or log in"):
        fetch("Qwen/Qwen2-VL-2B-Instrukt", quiet)


def test_a_repository_that_holds_no_model(hub: Hub, model: Path) -> None:
    (model / "config.json").unlink()
    with pytest.raises(ModelError, match=r"is no model that can be run: it has no config\.json"):
        fetch("nobody/tiny", quiet)


def test_another_kind_of_model_is_refused_before_its_weights_come(hub: Hub, model: Path) -> None:
    (model / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(ModelError, match="is a llama model"):
        find_model("nobody/tiny", quiet)
    assert [name for name, _ in hub.requested] == ["config.json"]


def test_offline_nothing_is_asked(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fetch("nobody/tiny", quiet).folder
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert find_model("nobody/tiny", quiet) == folder
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set"):
        fetch("nobody/tiny", quiet)


def test_a_newer_commit_is_the_models_once_it_is_whole(hub: Hub, model: Path) -> None:
    old = HubCache("nobody/tiny")
    old.folder.mkdir(parents=True)
    (old.folder / "snapshots" / "old").mkdir(parents=True)
    old.settle("old")
    hub.spoiled.add(WEIGHTS)
    with pytest.raises(ModelError):
        fetch("nobody/tiny", quiet)
    assert cached("nobody/tiny") == old.folder / "snapshots" / "old"
    hub.spoiled.clear()
    fetch("nobody/tiny", quiet)
    assert cached("nobody/tiny") == old.folder / "snapshots" / COMMIT
