"""An event in words, for people's phones. Pure."""

from dataclasses import dataclass

from askcam.client.watches import WatchEvent
from askcam.server.language.chinese import is_chinese

TITLES = {
    "en": {
        "on": "{watch}: on ({camera})",
        "off": "{watch}: off ({camera})",
        "changed": "{watch}: changed ({camera})",
        "camera_lost": "camera {camera} is lost",
        "camera_back": "camera {camera} is back",
        "camera_unwell": "camera {camera} shows no usable picture",
        "camera_well": "camera {camera} shows a usable picture again",
    },
    "zh": {
        "on": "{watch}：已触发（{camera}）",
        "off": "{watch}：已解除（{camera}）",
        "changed": "{watch}：有变化（{camera}）",
        "camera_lost": "摄像头 {camera} 已断开",
        "camera_back": "摄像头 {camera} 已恢复",
        "camera_unwell": "摄像头 {camera} 的画面不可用",
        "camera_well": "摄像头 {camera} 的画面已恢复正常",
    },
}
OTHER = {"en": "{watch}: {kind} ({camera})", "zh": "{watch}：{kind}（{camera}）"}
GREETINGS = {
    "en": ("askcam: a test", "If you can read this, events will come to you here."),
    "zh": ("askcam：测试", "能看到这条消息，说明事件会发送到这里。"),
}


@dataclass(frozen=True, slots=True)
class NoticeText:
    title: str
    body: str


def language_of(event: WatchEvent, wanted: str) -> str:
    """ "en" or "zh"; `wanted` may be "auto", which is the question's."""
    if wanted != "auto":
        return wanted
    return "zh" if is_chinese(event.question or "") else "en"


def message(event: WatchEvent, wanted: str) -> NoticeText:
    language = language_of(event, wanted)
    title = TITLES[language].get(event.kind, OTHER[language])
    lines = [event.question or "", _answer(event), event.reason or "", _time(event.at)]
    shown = title.format(watch=event.watch or "askcam", camera=event.camera, kind=event.kind)
    return NoticeText(shown, "\n".join(filter(None, lines)))


def greeting(wanted: str) -> NoticeText:
    """`wanted`: "auto" is both."""
    titles, bodies = zip(*(GREETINGS[each] for each in GREETINGS if wanted in ("auto", each)), strict=True)
    return NoticeText(" · ".join(titles), "\n".join(bodies))


def _answer(event: WatchEvent) -> str:
    """The answer, and how likely the model holds what turns the watch on; of a text what it said before, and now."""
    if event.answer is None:
        return ""
    if event.before_answer is not None:
        return f"{event.before_answer} → {event.answer}"
    return event.answer if event.probability is None else f"{event.answer} ({event.probability:.0%})"


def _time(at: str) -> str:
    """RFC 3339 without fractions: 2026-01-15 21:40:12 UTC."""
    return f"{at[:10]} {at[11:19]} UTC"
