"""Which texts are Chinese."""

import pytest

from askcam.engine.question import Message, Role, Text
from askcam.features.watches.answers import words
from askcam.features.watches.setting import WatchSetting
from askcam.server.answering.notes import with_notes
from askcam.server.language.chinese import is_chinese
from askcam.server.language.things import key


@pytest.mark.parametrize(
    "text", ["有人吗？", "这是 Wi-Fi 吗？", "Is this a 猫?", "㐀", "\uf900", "\U00020000", "\u9fff"]
)
def test_one_character_makes_a_text_chinese(text: str) -> None:
    assert is_chinese(text)


@pytest.mark.parametrize("text", ["", "Is the door open?", "¿Está abierta?", "Дверь", "문", "かな", "？。", "\u4dc0"])
def test_other_letters_and_punctuation_do_not(text: str) -> None:
    assert not is_chinese(text)


@pytest.mark.parametrize("rare", ["㐀", "\U00020000", "有"])
def test_every_place_that_asks_goes_by_the_same_rule(rare: str) -> None:
    """Watches, notes to the model, and summaries."""
    heard = words(WatchSetting(f"{rare}?", ("lobby",)), lambda given: given).meaning
    assert "是" in heard
    assert "Yes" not in heard
    (told,) = with_notes([Message(Role.USER, (Text(f"{rare}?"),))], (), ("dark",))
    assert isinstance(told.parts[0], Text)
    assert told.parts[0].text.startswith("画面很暗")
    assert key(f"两{rare}") == rare  # the number goes, as it does in Chinese
