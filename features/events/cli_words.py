"""What the event log says to people."""

from askcam.server.terminal.words import Words

told = Words(
    {
        "watches.elsewhere": "another askcam that runs here keeps the watches of {folder}, and goes on watching; "
        "this one has none of them. For watches of its own name another folder under [watching]",
    },
    {
        "watches.elsewhere": "本机运行的另一个 askcam 正在使用 {folder} 中的监视任务，并继续监视；"
        "这个服务器不加载它们。若要有自己的监视任务，请在 [watching] 下指定另一个文件夹",
    },
)
