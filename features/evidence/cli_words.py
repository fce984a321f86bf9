"""What `askcam replay` says to people."""

from askcam.server.terminal.words import Words

told = Words(
    {
        "help.replay": "Give recorded answers again, from the frames they saw. 0: the same words, 1: others, "
        "2: it cannot be tried.",
        "help.replay.ids": "Which answers.",
        "help.replay.all": "All answers that are kept.",
        "help.replay.verify": "Check that nothing was changed; answer nothing.",
        "help.replay.data": "Folder of the evidence.",
        "replay.which": "which answer? give its id (ans_...), or --all, or --verify",
        "replay.chain": "the chain",
        "replay.whole": "whole",
        "replay.not_whole": "not whole",
        "replay.counted": "{answers} answers, {pictures} pictures; the last record's hash is {last}",
        "replay.same": "same",
        "replay.tokens": "{tokens} tokens: {text}",
        "replay.different": "different",
        "replay.from": "from token {first} of {tokens} on",
        "replay.recorded": "recorded:     {text}",
        "replay.instead": "said instead: {text}",
    },
    {
        "help.replay": "根据当时看到的画面，重新给出记录过的回答。0：完全相同，1：有不同，2：无法尝试。",
        "help.replay.ids": "哪些回答。",
        "help.replay.all": "所有保存的回答。",
        "help.replay.verify": "只检查是否有改动，不重新回答。",
        "help.replay.data": "证据所在的文件夹。",
        "replay.which": "哪个回答？请给出编号（ans_...），或 --all，或 --verify",
        "replay.chain": "哈希链",
        "replay.whole": "完整",
        "replay.not_whole": "不完整",
        "replay.counted": "{answers} 个回答，{pictures} 张图片；最后一条记录的哈希是 {last}",
        "replay.same": "相同",
        "replay.tokens": "{tokens} 个词元：{text}",
        "replay.different": "不同",
        "replay.from": "从第 {first} 个词元起（共 {tokens} 个）",
        "replay.recorded": "当时的回答：{text}",
        "replay.instead": "现在的回答：{text}",
    },
)
