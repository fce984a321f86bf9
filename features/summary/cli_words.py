"""What `askcam summarize` says to people."""

from askcam.server.terminal.words import Words

told = Words(
    {
        "help.summarize": "A long video in few words: what came, what went and when, and what was to be seen in "
        "between.",
        "help.summarize.source": "A video file, or a camera: webcam:0, rtsp://…",
        "help.summarize.format": "text, md or json.",
        "help.summarize.out": "File to write; standard output if not given.",
        "help.summarize.for": "Seconds of a camera (default: 60).",
        "help.summarize.segment": "Seconds looked at at once.",
        "help.summarize.language": "Of the summary: en, zh; others if the model can. Default: the one that this is in.",
        "help.summarize.question": "Asked of each segment, and its answers shown instead of what is to be seen.",
        "summarize.for": "--for is about cameras; a file is walked from beginning to end",
        "summarize.format": "--format {given} is unknown; it is one of {known}",
        "summarize.bar": "summarizing",
        "summarize.where": "{where}, {events} events",
        "summarize.damaged": "{count} damaged packets were skipped",
        "summarize.out_folder": "--out {path} is a folder: name a file in it",
        "summarize.no_folder": "--out {path}: there is no folder {folder}; make it first",
        "summarize.not_allowed": "--out {path}: this user may not write there",
        "summarize.unwritten": "cannot write {path}: {why}; the summary is above",
    },
    {
        "help.summarize": "用几句话概括长视频：什么出现了、什么消失了、在什么时间，以及其间看到了什么。",
        "help.summarize.source": "视频文件，或摄像头：webcam:0、rtsp://…",
        "help.summarize.format": "text、md 或 json。",
        "help.summarize.out": "写入的文件；不给出则写到标准输出。",
        "help.summarize.for": "看摄像头多少秒（默认：60）。",
        "help.summarize.segment": "每次看多少秒。",
        "help.summarize.language": "概括所用的语言：en、zh，或模型会的其他语言。默认与本程序相同。",
        "help.summarize.question": "对每一段提出的问题，显示其回答，代替所看到的内容。",
        "summarize.for": "--for 只用于摄像头；文件总是从头看到尾",
        "summarize.format": "没有格式 {given}；--format 可用的有 {known}",
        "summarize.bar": "正在概括",
        "summarize.where": "{where}，{events} 个事件",
        "summarize.damaged": "跳过了 {count} 个损坏的数据包",
        "summarize.out_folder": "--out {path} 是文件夹：请写出其中的文件名",
        "summarize.no_folder": "--out {path}：没有文件夹 {folder}；请先创建",
        "summarize.not_allowed": "--out {path}：当前用户不能写入",
        "summarize.unwritten": "无法写入 {path}：{why}；概括见上文",
    },
)
