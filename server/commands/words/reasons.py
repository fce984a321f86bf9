"""A camera's reason in the language that is spoken. Reasons are made in stream/, in English; sentences of ours are
translated, and what is not known here stays as it is."""

import re

from askcam.server.commands.words.catalogue import spoken_language

_CHINESE = (
    (r"nothing listens at (\S+) \(connection refused\): is the camera on, is the port right\?",
     r"\1 无人监听（连接被拒绝）：摄像头开着吗？端口对吗？"),
    (r"no answer from (\S+) within ([\d.]+) s: is it on, is the address right\?",
     r"\1 在 \2 秒内没有应答：它开着吗？地址对吗？"),
    (r"no answer to (.+?) from (\S+): it is there but says nothing; restart it, or check that this is its RTSP port",
     r"\2 对 \1 没有应答：它在线但不说话；请重启它，或检查这是否是它的 RTSP 端口"),
    (r"no answer within ([\d.]+) s", r"\1 秒内没有应答"),
    (r"no machine is called ('[^']*'): check the host name", r"没有名为 \1 的主机：请检查主机名"),
    (r"(\S+) hung up at (\w+): has it too many viewers\? Is this its RTSP port\?",
     r"\1 在 \2 时断开：观看者太多了吗？这是它的 RTSP 端口吗？"),
    (r"what (\S+) answers is no (RTSP|HTTP)(?: \([^)]*\))?: is the port right\?", r"\1 的应答不是 \2：端口对吗？"),
    (r"hung up: was the camera switched off or restarted\?", r"断开了：摄像头关了还是重启了？"),
    (r"refused to let us in \(401\): it asks for a user name and a password; give them as (\S+) \(.*?\)",
     r"拒绝进入（401）：需要用户名和密码；请写成 \1"),
    (r"refused to let us in \(401\): its user name or password is wrong; give them as (\S+) \(.*?\)",
     r"拒绝进入（401）：用户名或密码不对；请写成 \1"),
    (r"forbids it \(403\): may this user see this stream\?", r"禁止访问（403）：此用户可以看这路视频吗？"),
    (r"has no such stream \(404\): check the path after the host", r"没有这路视频（404）：请检查主机后面的路径"),
    (r"it has no bandwidth left \(453\): close other viewers, or take its substream",
     r"它的带宽已用完（453）：请关闭其他观看者，或改用子码流"),
    (r"it is busy, or this stream is switched off \(503\): close other viewers, check its settings",
     r"它正忙，或这路视频已关闭（503）：请关闭其他观看者，检查其设置"),
    (r"no picture comes: is the camera still on, and the network up\?", r"没有画面：摄像头还开着吗？网络通吗？"),
    (r"connected, but no picture came within ([\d.]+) s", r"已连接，但 \1 秒内没有画面"),
    (r"no picture for (\d+) s", r"\1 秒没有画面"),
    (r"the video is over; add \?loop=1 to play it again and again", r"视频已放完；加上 ?loop=1 可循环播放"),
    (r"the webcam was unplugged; plug it in again", r"摄像头已拔出；请重新插上"),
    (r"the source has ended", r"视频源已结束"),
    (r"there is no webcam (\d+)", r"没有摄像头 \1"),
    (r"the camera was closed", r"摄像头已关闭"),
    (r"; trying again every (\d+) s", r"；每 \1 秒重试"),
    (r"; trying again", r"；正在重试"),
    (r"; connecting again", r"；正在重新连接"),
    (r"^connecting$", r"正在连接"),
    (r"refused at (\w+): ", r"在 \1 时拒绝："),
    (r"there is no such file", r"没有这个文件"),
)  # fmt: skip
_TABLES = {"zh": tuple((re.compile(pattern), words) for pattern, words in _CHINESE)}
MAX_CHARS = 1000


def reason_in(reason: str, language: str | None = None) -> str:
    """`reason` in `language`; None: in the one that this process speaks."""
    reason = reason[:MAX_CHARS]
    for pattern, words in _TABLES.get(language or spoken_language(), ()):
        reason = pattern.sub(words, reason)
    return reason
