"""examples/webhook_receiver.py as a process, and the Python of docs/notifications.md, hear the server's own sender."""

import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError
from support.servers.receiver import Receiver
from support.watch_events import event

from askcam.features.notify.letter import Letter
from askcam.features.notify.sender import DeliveryFailed, DeliveryTaken
from askcam.features.notify.signing import read_secrets
from askcam.features.notify.webhook import Webhook
from askcam.server.attached.allowed import place_of

ROOT = Path(__file__).parents[2]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "b3RoZXIg" * 4
LETTER = Letter("house_0a1b_7", "2025-10-09T08:53:20.000000Z", event())


@dataclass(slots=True)
class Running:
    url: str
    lines: "queue.Queue[str]"

    async def tell(self, letter: Letter, secret: str = SECRET, **more: Any) -> Any:
        return await Webhook(place_of(self.url), read_secrets(secret), 20.0, **more).send(letter)


@pytest.fixture
def example() -> Iterator[Running]:
    command = [sys.executable, str(ROOT / "examples/webhook_receiver.py"), "0"]
    environment = {**os.environ, "ASKCAM_WEBHOOK_SECRET": SECRET}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    out, lines = process.stdout, queue.Queue[str]()

    def pump() -> None:
        for line in out:
            lines.put(line.strip())

    thread = threading.Thread(target=pump, daemon=True)
    thread.start()
    try:
        yield Running(lines.get(timeout=60).removeprefix("listening on "), lines)
    finally:
        process.kill()
        process.wait(60)
        thread.join(60)
        out.close()


async def test_the_example_prints_each_signed_event_once_and_lets_nothing_else_in(example: Running) -> None:
    assert await example.tell(LETTER) == DeliveryTaken()
    assert await example.tell(LETTER) == DeliveryTaken()  # the same again
    assert await example.tell(LETTER, f"{OTHER} {SECRET}") == DeliveryTaken()  # while the secret is changed
    wrong = await example.tell(replace(LETTER, name="wrong"), OTHER)
    late = await example.tell(replace(LETTER, name="late"), wall=lambda: 1_760_000_000.0)
    for refused in (wrong, late):
        assert isinstance(refused, DeliveryFailed)
        assert "401" in refused.error
    assert await example.tell(replace(LETTER, name="house_0a1b_8", event=None)) == DeliveryTaken()
    lines = [example.lines.get(timeout=60), example.lines.get(timeout=60)]
    assert lines == [
        "2025-10-09T08:53:20.000000Z event.on {'watch': 'door', 'camera': 'lobby'}",
        "2025-10-09T08:53:20.000000Z test {'message': 'a test of this webhook by an admin of askcam'}",
    ]
    assert example.lines.empty()


async def test_the_python_of_the_page_verifies_what_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/notifications.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {"SECRET": SECRET, "seen": set()}
    exec(program, names)
    with Receiver() as receiver:
        webhook = Webhook(place_of(receiver.url), read_secrets(SECRET), 20.0)
        assert await webhook.send(LETTER) == DeliveryTaken()
        assert await webhook.send(LETTER) == DeliveryTaken()
        for got in receiver.got:
            names["receive"](dict(got.headers), got.body)
        assert capsys.readouterr().out.count("event.on") == 1
        with pytest.raises(WebhookVerificationError):
            names["receive"](dict(receiver.got[0].headers), receiver.got[0].body + b" ")


def test_the_pages_way_of_making_a_secret_makes_one() -> None:
    text = (ROOT / "docs/notifications.md").read_text()
    (program,) = re.findall(r"^    python3 -c '(.+)'$", text, re.MULTILINE)
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert len(read_secrets(made.stdout)[0]) == 32
