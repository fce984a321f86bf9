"""What a product desk refuses."""

from askcam.server.errors import Disabled, TooMany


class NoPushedDesks(Disabled):
    code = "no_pushed_desks"

    def __init__(self) -> None:
        super().__init__("this server reads no codes from pushed cameras: limits.max_pushed_desks is 0", "model")


class DesksTaken(TooMany):
    code = "busy"

    def __init__(self, most: int) -> None:
        told = f"all places for pushed product desks are taken ({most}); try again later"
        super().__init__(told, retry_after_s=10)
