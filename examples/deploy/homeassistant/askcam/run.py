"""What Home Assistant's page says of askcam (/data/options.json), as askcam.toml; then `askcam serve`, not as root."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

NAME = re.compile(r"[A-Za-z0-9_-]+")
PORT = 8400
USER = 10001
VIDEO = 44  # Debian's group of webcams


def config(options: dict[str, Any]) -> str:
    """askcam.toml. Raises SystemExit for what cannot be in it."""
    if not options.get("token") or not options.get("admin_token"):
        sys.exit("askcam: set token and admin_token on the page Configuration: others in your network reach this port")
    lines = ["[server]", 'host = "0.0.0.0"', f"port = {PORT}"]
    lines += [f"{key} = {quoted(options[key])}" for key in ("token", "admin_token")]
    model = {"model": options.get("model"), "url": options.get("model_url"), "dialect": options.get("dialect")}
    lines += ["[model]", *(f"{key} = {quoted(value)}" for key, value in model.items() if value)]
    for camera in options.get("cameras", []):
        if not NAME.fullmatch(camera["name"]):
            sys.exit(f"askcam: a camera's name is of letters, digits, - and _, not {camera['name']!r}")
        lines += [f"[cameras.{camera['name']}]", f"uri = {quoted(camera['uri'])}"]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """As a TOML string, whose escapes are JSON's but for one sign."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def main(data: Path, flags: list[str]) -> None:
    text = config(json.loads((data / "options.json").read_text(encoding="utf-8")))
    home = data / "askcam"
    home.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:  # before anything is written where askcam could have laid a link
        os.chown(home, USER, USER)
        os.setgroups([VIDEO])
        os.setgid(USER)
        os.setuid(USER)
    os.umask(0o077)
    file = home / "askcam.toml"
    file.write_text(text, encoding="utf-8")
    places = {"HOME": home, "XDG_DATA_HOME": home, "XDG_CACHE_HOME": home / "cache", "HF_HOME": home / "cache/hub"}
    env = {**os.environ, **{name: str(path) for name, path in places.items()}}
    os.execvpe("askcam", ["askcam", "serve", "--config", str(file), *flags], env)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "/data"), sys.argv[2:])
