"""Questions which camera shows something, as a question of yes or no that each camera can be asked. Pure."""

import re

MOST = 300  # characters of such a question
ENGLISH = re.compile(
    r"(?:on |in )?(?:which|what) (?:of the )?cameras? "
    r"(?:(?:(?:can|do|does) )?(?:shows?|sees?|has|have|views?)|(?:is|are) there) (?P<what>[^?.!]+)[?.!]*",
    re.IGNORECASE,
)
CHINESE = re.compile(
    r"在?哪(?:一?个|些|一?台|几个)?(?:摄像头|摄像机|相机|镜头)(?:里|中|上)?面?[能可]?以?"
    r"(?:有|看到了?|看见了?|拍到了?|显示了?|出现了?)(?P<what>[^？?。！!]+)[？?。！!]*"
)
ONE = re.compile(r"(?:a|an|the|this|that|one|some\w+|any\w+)\b", re.IGNORECASE)
# What one probability of yes cannot answer: what is not there, and more than one thing at once.
BEYOND = re.compile(
    r"\b(?:not|no|none|never|neither|nor|without|nothing|nobody|except|lacks?|missing|and|or|but|both|either|which|what"
    r"|than|instead|as well as)\b|n't\b|[,;:&/]|\bleast\b|\bmost\b|\bfewe(?:r|st)\b",
    re.IGNORECASE,
)
BEYOND_CHINESE = re.compile(
    r"[没沒不无無非未和与與或且又但，,、；;：]|除了|以及|还有|還有|同时|同時|哪|最|只有|別的|别的"
)
MANY = re.compile(r"(?:any|some|two|three|several|many) \w|.*\w(?<!s)s$", re.IGNORECASE)


def sought(question: str) -> str | None:
    """What each camera is asked instead, "Is there a dog? Answer yes or no."; None: it is no such question."""
    words = " ".join(question[: 4 * MOST].split())
    if len(words) > MOST or len(question) > 4 * MOST:
        return None
    if (found := ENGLISH.fullmatch(words)) is not None:
        what = found["what"].strip()
        if BEYOND.search(what):
            return None
        many = MANY.match(what) is not None and (ONE.match(what) is None or what.lower().startswith(("any ", "some ")))
        return f"{'Are' if many else 'Is'} there {what}? Answer yes or no."
    if (found := CHINESE.fullmatch(words)) is not None:
        what = found["what"].strip()
        return None if BEYOND_CHINESE.search(what) else f"有{what}吗？"
    return None
