"""Asks a live server the demo's questions and judges the answers by the scene's own truth."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from askcam.demo.questions import DemoQuestion, questions


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question: an answer with its verdict, or a refusal's code."""

    status: int
    code: str | None  # of a refusal
    correct: bool
    text: str
    saw: dict[str, Any] | None


class Questioner:
    """One client of a live server. Not thread-safe."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60)

    def close(self) -> None:
        self._http.close()

    def ask(self, camera: str, question: DemoQuestion, **askcam: Any) -> Outcome:
        """One question, judged over the span that its answer saw."""
        body = {
            "model": camera,
            "messages": [{"role": "user", "content": question.text}],
            "askcam": askcam,
        }
        reply = self._http.post("/v1/chat/completions", json=body)
        if reply.status_code != 200:
            error = reply.json()["error"]
            return Outcome(reply.status_code, error["code"], False, error["message"], None)
        answer = reply.json()
        text, saw = answer["choices"][0]["message"]["content"], answer["askcam"]
        span = [datetime.fromisoformat(saw["window"][edge]).timestamp() for edge in ("start", "end")]
        return Outcome(200, None, question.correct(text, *span), text, saw)

    def state(self, camera: str) -> str:
        return str(self._http.get(f"/v1/cameras/{camera}").json()["state"])

    def until_refused(self, camera: str, question: DemoQuestion, timeout_s: float) -> float:
        """Seconds until a question is refused as camera_unavailable. Raises TimeoutError."""
        return self._until(lambda: self.ask(camera, question).code == "camera_unavailable", timeout_s)

    def until_right(self, camera: str, question: DemoQuestion, timeout_s: float) -> float:
        """Seconds until a question is answered rightly. Raises TimeoutError."""
        return self._until(lambda: self.ask(camera, question).correct, timeout_s)

    @staticmethod
    def _until(done: Any, timeout_s: float) -> float:
        start = time.monotonic()
        while not done():
            if time.monotonic() > start + timeout_s:
                raise TimeoutError(f"not within {timeout_s:g} s")
            time.sleep(0.1)  # a client's own pace; each question takes longer than this
        return time.monotonic() - start


def still_question(seed: int) -> DemoQuestion:
    """One of the scene's questions that a single pair of frames can answer."""
    return next(question for question in questions(seed) if question.kind != "motion")
