"""The pages' modules are checked by types and by ESLint, which see what is planted; the wire is what client/ says."""

import shutil
import subprocess
from pathlib import Path

import pytest
from house import wire_types
from support.parts import need

ROOT = Path(__file__).parents[2]
WEB = ROOT / "client/web"
NODE = ROOT / "tests/house/node"
TOOLS = NODE / "node_modules/.bin"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the pages in which faults may be planted."""
    need((TOOLS / "tsc").exists() and shutil.which("node") is not None, "TypeScript is missing: run `make javascript`")
    root = tmp_path_factory.mktemp("pages")
    shutil.copytree(WEB, root / "client/web")
    shutil.copy(ROOT / "jsconfig.json", root)
    return root


def ran(copy: Path, *command: Path | str) -> str:
    """What it found; nothing when all is well."""
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=120)
    assert (done.returncode == 0) == (done.stdout == ""), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("export const planted = () => byId('question').valeu;", "Property 'valeu' does not exist"),
        ("export const planted = () => h('button', { onclik: () => {} });", "'onclik' does not exist"),
        ("export const planted = (/** @type {CameraInfo} */ camera) => camera.stat;", "Property 'stat' does not exist"),
        ("export const planted = (untyped) => untyped;", "'untyped' implicitly has an 'any' type"),
        ("export const planted = () => nowhere;", "Cannot find name 'nowhere'"),
    ],
)
def test_types_see_a_planted_fault(copy: Path, line: str, fault: str) -> None:
    planted = copy / "client/web/dom.js"
    planted.write_text(f"{(WEB / 'dom.js').read_text()}\n{line}\n")
    try:
        assert fault in ran(copy, TOOLS / "tsc", "--project", "jsconfig.json")
    finally:
        shutil.copy(WEB / "dom.js", planted)


def test_eslint_sees_planted_faults(copy: Path) -> None:
    lines = "function unused() {}\nexport const planted = () => (nowhere.innerHTML = 1);\n"
    (copy / "client/web/planted.js").write_text(lines)
    try:
        told = ran(copy, TOOLS / "eslint", "--config", NODE / "eslint.config.js", "client/web/planted.js")
    finally:
        (copy / "client/web/planted.js").unlink()
    assert {"no-unused-vars", "no-undef", "no-restricted-properties"} <= set(told.split())


def test_every_module_of_ours_is_checked() -> None:
    modules = [path for path in WEB.rglob("*.js") if "vendor" not in path.parts]
    assert len(modules) > 50
    for path in modules:
        lines = path.read_text().splitlines()
        assert lines[0].startswith("// "), f"{path} does not say what it is for"
        assert "// @ts-check" in lines[1:4], path


def test_the_pages_know_the_wire_as_it_is() -> None:
    assert wire_types.FILE.read_text() == wire_types.written(), "it is out of date: run `make renew`"
