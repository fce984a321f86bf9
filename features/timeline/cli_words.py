"""What `askcam timeline` says to people."""

from askcam.server.terminal.words import Words

told = Words(
    {
        "help.timeline": "What happened: notes and events of a running server, newest first. 1: nothing. "
        "Token: ASKCAM_TOKEN.",
        "help.timeline.query": 'Words that must all be there, or a question: "when did the van leave?"',
        "help.timeline.camera": "Only of this camera.",
        "help.timeline.since": "From then on: 14:00, 'yesterday 14:00', 2026-01-31, or ISO 8601, by the server's "
        "clock.",
        "help.timeline.until": "Until then.",
        "help.timeline.level": "note, minute, hour or day; if not given, the finest that is kept of each time.",
        "help.timeline.limit": "At most so many.",
        "timeline.nothing": "nothing of that is in the timeline",
        "timeline.others": "and also:",
        "timeline.more": "these are {count}; there is more (--limit, --since, --until)",
        "timeline.other": "{url} does not answer as askcam does ({why})",
    },
    {
        "help.timeline": "发生了什么：运行中的服务器的记录和事件，新的在前。1：没有找到。令牌：ASKCAM_TOKEN。",
        "help.timeline.query": "必须全部出现的词，或一个问题：“货车什么时候离开的？”",
        "help.timeline.camera": "只看这个摄像头。",
        "help.timeline.since": "从何时起：14:00、'昨天 14:00'、2026-01-31 或 ISO 8601，按服务器的时钟。",
        "help.timeline.until": "到何时为止。",
        "help.timeline.level": "note、minute、hour 或 day；不给出时，为每段时间所保留的最细一级。",
        "help.timeline.limit": "最多多少条。",
        "timeline.nothing": "时间线里没有这样的内容",
        "timeline.others": "还有：",
        "timeline.more": "以上是 {count} 条；还有更多（--limit、--since、--until）",
        "timeline.other": "{url} 的回答不像 askcam（{why}）",
    },
)
