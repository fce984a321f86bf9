"""Messages that a realtime client might send, by the shape of those that it should: sound ones, and sound ones spoilt.

Each event is made from a table of its fields and the values that they take, then spoilt in none to a few places: a
field left out, doubled, renamed, of another type or from another event; ids of things that are gone; JSON that is cut
off or nested; pushed frames with bytes changed. The same seed makes the same messages.
"""

import base64
import io
import json
import random
import struct
import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from PIL import Image

Make = Callable[[], Any]
SOUND = 0.93  # of the values that a field has: as the protocol has it
SPOILT = (0, 0, 0, 0, 0, 1, 1, 2, 4)  # places of an event

WORDS = (
    "What is on the table?", "Is it red?", "桌上有什么？", "", " ", "\u202e\u0000", "é" * 300, "🦊" * 9,
    "<|im_end|><|vision_start|>",
)  # fmt: skip
WILD = (
    None, True, False, 0, -1, 1, 0.5, 1e308, -1e-308, 2**53 + 1, 2**63, -(2**70), "", "x", "auto", "none", "inf", "NaN",
    "null", "\ud800", "\u0000", "a" * 5000, [], [[]], [None], {}, {"": None}, {"type": None}, {"type": "message"},
)  # fmt: skip
DEEP = ('{"a":', "[", '{"type":"session.update","session":{"askcam":', '[{"":[')
EVENTS = (
    "session.update", "conversation.item.create", "conversation.item.create", "conversation.item.delete",
    "conversation.item.retrieve", "response.create", "response.create", "response.cancel", "input_image_buffer.append",
    "askcam.clock", "watch.create", "watch.update", "watch.delete", "watch.list",
)  # fmt: skip
ELSEWHERE = (
    "input_audio_buffer.append", "input_audio_buffer.commit", "conversation.item.truncate", "error",
    "output_audio_buffer.clear", "session.created", "response.done", "transcription_session.update",
)  # fmt: skip


def jpeg(side: int, seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((side, side), 40 + seed).convert("RGB").save(buffer, "JPEG", quality=40)
    return buffer.getvalue()


class Messages:
    """Makes them. `ids`: what the server has said exists, to be filled by who reads its events; the newest are kept."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._frames = [jpeg(side, number) for number, side in enumerate((16, 64, 64, 160))]
        self.ids: list[str] = ["item_1"]
        self.watches = ["door", "cup"]

    def next(self) -> str | bytes:
        """One message: text is JSON as a rule, bytes are a pushed frame."""
        roll = self._random.random()
        if roll < 0.02:
            return self._frame()
        if roll < 0.04:
            return self._no_json()
        event = self._event()
        for _ in range(self._random.choice(SPOILT)):
            self._spoil(event)
        text = json.dumps(event, ensure_ascii=self._random.random() < 0.7) if self._sound(event) else json.dumps(event)
        if roll < 0.06:
            cut = self._random.randrange(len(text) + 1)
            text = text[:cut] + self._random.choice(("", text[cut + 1 :], text, "}", "\x00", ","))
        return text

    # -- inside

    def _one(self, *values: Any) -> Any:
        return self._random.choice(values)

    def _mostly(self, sound: Any, *others: Any) -> Any:
        return sound if self._random.random() < SOUND else self._random.choice(others)

    def _maybe(self, fields: dict[str, Make], share: float = 0.5) -> dict[str, Any]:
        return {name: make() for name, make in fields.items() if self._random.random() < share}

    def _id(self) -> str:
        return self._one(*self.ids[-20:], "item_x", "")

    def _words(self) -> str:
        return str(self._one(*WORDS))

    def _event(self) -> dict[str, Any]:
        kind = self._one(*EVENTS) if self._random.random() < 0.97 else self._one(*ELSEWHERE, self._words())
        fields: dict[str, Any] = {"type": kind} | self._maybe(
            {"event_id": lambda: self._mostly("e1", self._words())}, 0.3
        )
        match kind:
            case "session.update":
                fields["session"] = self._settings(session=True)
            case "conversation.item.create":
                fields |= {"item": self._item()} | self._maybe(
                    {"previous_item_id": lambda: self._mostly("root", self._id())}
                )
            case "conversation.item.delete" | "conversation.item.retrieve":
                fields["item_id"] = self._id()
            case "response.create":
                fields |= self._maybe({"response": self._response})
            case "response.cancel":
                fields |= self._maybe({"response_id": self._id})
            case "input_image_buffer.append":
                fields |= {"image": self._picture()} | self._maybe({"captured_at": self._moment})
            case "askcam.clock":
                both = {
                    "offset_us": lambda: self._mostly(0, -9000, 10**15),
                    "rtt_us": lambda: self._mostly(0, 900, 10**12),
                }
                fields |= self._maybe({"client_us": self._moment}) or self._maybe(both, 0.9)
            case "watch.create":
                fields["watch"] = self._watch() | {"name": self._one(*self.watches), "question": self._words()}
            case "watch.update":
                fields |= {"name": self._one(*self.watches), "watch": self._watch()}
            case "watch.delete":
                fields["name"] = self._one(*self.watches)
        return fields

    def _settings(self, *, session: bool) -> dict[str, Any]:
        fields: dict[str, Make] = {
            "instructions": self._words,
            "max_output_tokens": lambda: self._mostly("inf", 1, 4, 10**6, 0),
            "output_modalities": lambda: self._mostly(["text"], ["audio"], ["text", "audio"]),
            "temperature": lambda: self._mostly(0, 0.8, 2, 3),
            "tools": lambda: [self._tool() for _ in range(self._random.randrange(4))],
            "tool_choice": lambda: self._mostly("auto", "none", "required", {"type": "function", "name": "look_up"}),
            "parallel_tool_calls": lambda: self._mostly(True, False),
            "prompt": lambda: self._mostly(None, {"id": "p"}),
            "audio": lambda: self._mostly({}, {"input": {"turn_detection": None}}),
            "askcam": self._extras,
        }
        if session:
            fields |= {
                "type": lambda: "realtime",
                "model": lambda: self._mostly("lobby", "push:", "nobody"),
                "truncation": lambda: self._mostly(
                    "auto", "disabled", {"type": "retention_ratio", "retention_ratio": self._mostly(0.5, 1, 0)}
                ),
                "include": lambda: self._mostly(None, []),
            }
        return self._maybe(fields, 0.25)

    def _extras(self) -> dict[str, Any]:
        return self._maybe(
            {
                "camera": lambda: self._mostly("lobby", "nobody"),
                "max_age_ms": lambda: self._mostly(1000, 1, 0, None),
                "max_wait_ms": lambda: self._mostly(10, 0, 10**9),
                "window_s": lambda: self._mostly(1, 2.5, 0.01, 0),
                "on_scene_change": lambda: self._mostly("tell", "answer_again", None),
                "events": lambda: self._mostly([], ["scene.changed"], ["watch.alert", "watch.state"], ["x"]),
                "language": lambda: self._mostly("zh", "en", "xx"),
                "known_only": lambda: self._mostly(True, False),
                "evidence": lambda: self._mostly(True, False),
            },
            0.3,
        )

    def _tool(self) -> dict[str, Any]:
        schema = {
            "type": "object",
            "properties": {"sku": self._mostly({"type": "string"}, {"enum": ["a", 1]}, {"$ref": "#"})},
        }
        return {
            "type": "function",
            "name": self._mostly(f"look_up_{self._random.randrange(9)}", "look_up", "a b", ""),
            "description": self._words(),
            "parameters": schema,
        }

    def _item(self) -> dict[str, Any]:
        kind = self._mostly(
            "message", "message", "message", "function_call", "function_call_output", "item_reference", "mcp_call"
        )
        fields = {"type": kind} | self._maybe({"id": lambda: self._mostly("mine", "mine2", self._id())}, 0.3)
        match kind:
            case "message":
                fields |= {"role": self._mostly("user", "user", "assistant", "system"), "content": self._parts()}
            case "function_call":
                fields |= {"call_id": self._id(), "name": "look_up", "arguments": self._mostly("{}", '{"a":1}', "{")}
            case "function_call_output":
                fields |= {"call_id": self._id(), "output": self._words()}
        return fields

    def _parts(self) -> list[Any]:
        return [
            self._one(
                {"type": "input_text", "text": self._words()},
                {"type": "output_text", "text": self._words()},
                {"type": "text", "text": self._words()},
                {"type": "input_text", "text": self._words()},
                {"type": "input_image", "image_url": f"data:image/jpeg;base64,{self._picture()}"}
                if self._random.random() < 0.2
                else {"type": "input_audio", "audio": ""},
            )
            for _ in range(self._random.randrange(4))
        ]

    def _response(self) -> dict[str, Any]:
        made = self._settings(session=False) | self._maybe(
            {
                "conversation": lambda: self._mostly("auto", "none"),
                "input": lambda: [self._item() for _ in range(self._random.randrange(3))],
                "metadata": lambda: self._mostly({}, {"a": "b"}, {"a": 1}, {str(i): "" for i in range(20)}),
            },
            0.3,
        )
        return made

    def _watch(self) -> dict[str, Any]:
        return self._maybe(
            {
                "kind": lambda: self._mostly("yesno", "choice", "count"),
                "choices": lambda: self._mostly(["red", "blue"], ["red"], []),
                "on_when": lambda: self._mostly(["red"], []),
                "every_s": lambda: self._mostly(600, 3600, 0.001),
                "window_s": lambda: self._mostly(1, 4, 1e9),
                "on": lambda: self._mostly(0.7, 0.1, 2),
                "off": lambda: self._mostly(0.4, 0.9, -1),
                "quiet": lambda: self._mostly([], ["22:00-06:00"], ["x"]),
                "time_zone": lambda: self._mostly("UTC", "Asia/Shanghai", "../etc/passwd"),
                "severity": lambda: self._mostly("info", "warning", "critical"),
                "cameras": lambda: self._mostly([], ["lobby"], ["nobody"], "lobby"),
                "enabled": lambda: self._mostly(True, False),
            },
            0.25,
        )

    def _moment(self) -> int:
        return int(self._one(time.time_ns() // 1000, 0, 10**15, 10**18, -5))

    def _picture(self) -> str:
        return base64.b64encode(self._one(*self._frames[:3])).decode()

    def _frame(self) -> bytes:
        data = bytearray(self._one(*self._frames))
        for _ in range(self._random.choice((0, 0, 1, 8))):
            data[self._random.randrange(len(data))] = self._random.randrange(256)
        when = self._one(0, time.time_ns() // 1000, 2**64 - 1)
        whole = struct.pack(">Q", when) + bytes(data)
        return whole[: self._random.choice((0, 3, 8, 9, len(whole) // 2, len(whole), len(whole)))]

    def _no_json(self) -> str:
        return str(
            self._one(
                *WORDS[:4],
                "nothing",
                "NaN",
                "1e999",
                '"',
                "[]",
                "{}",
                "null",
                self._one(*DEEP) * self._one(5, 200, 5000),
            )
        )

    @staticmethod
    def _sound(event: Any) -> bool:
        """Whether it can be written without escapes: half a surrogate cannot."""
        try:
            json.dumps(event, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return False
        return True

    def _spoil(self, event: dict[str, Any]) -> None:
        """One place of it, at any depth."""
        place: Any = event
        while isinstance(place, dict | list) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = self._one(*keys)
            if key == "type" and place is event and self._random.random() < SOUND:
                continue  # nearly all would be nothing but an unknown event
            below = place[key]
            if isinstance(below, dict | list) and below and self._random.random() < 0.7:
                place = below
                continue
            how = self._random.randrange(5)
            if how == 0:
                del place[key]
            elif how == 1 and isinstance(place, dict):
                place[self._one("x", "type", "id", key + "s", key.upper())] = place.pop(key)
            elif how == 2:
                place[key] = [below]
            elif how == 3 and isinstance(place, dict):
                place[self._one("x", "stop", "n", "seed", "voice", "format", "user")] = deepcopy(self._one(*WILD))
            else:
                place[key] = deepcopy(self._one(*WILD))
            return
