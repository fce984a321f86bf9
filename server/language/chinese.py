"""Whether a text is Chinese: the one rule by which questions are answered in that language; whether a character stands
for a word. Pure."""

import re

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")  # ideographs of every plane


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it; one of them decides: "这是 Wi-Fi 吗？"."""
    return HAN.search(text) is not None


def is_han(char: str) -> bool:
    """Whether it is written without blanks between words: Chinese characters and Japanese kana."""
    return "\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff"
