"""A list of all shards, page by page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from starlette.requests import Request

from askcam.cluster.cursors import Cursor
from askcam.cluster.front.core import FrontCore
from askcam.cluster.front.directory import S
from askcam.cluster.front.errors import ShardBroke
from askcam.cluster.front.event_source import ShardReply
from askcam.cluster.front.lists import good_replies
from askcam.cluster.front.relay import role_of
from askcam.cluster.ids import Garbage
from askcam.cluster.merging import MergedPage, ShardPage, merge_pages, number_of, page_of

NOTHING = ShardReply(200, {"data": [], "has_more": False})


async def read_page(
    core: FrontCore,
    request: Request,
    path: str,
    read: Cursor,
    limit: int,
    *,
    by: str,
    shards: Collection[S],
    name: str = "data",
    newest_first: bool | None = True,
    query: Mapping[str, object] | None = None,
    away: Sequence[str] = (),
) -> tuple[MergedPage, dict[S, ShardReply]]:
    """The request's own query is put to each shard, from where it was `read`. `by`: the field with the time;
    `newest_first` None: as the shards tell it; `away`: names of shards that would have had a part. Raises Refusal,
    RefusedThere."""
    wanted = {**request.query_params, **(query or {}), "limit": limit}
    wanted.pop("before", None)
    role = role_of(request)

    async def ask(shard: S) -> ShardReply:
        before = read.numbers.get(shard.key)
        if before == 0:
            return NOTHING  # it was read to its end
        return await shard.asked("GET", path, wanted if before is None else {**wanted, "before": before}, role=role)

    replies = await good_replies(core, role, shards, ask, away)
    pages: list[ShardPage] = []
    for shard, reply in replies.items():
        try:
            page = page_of(shard.key, reply.value, name, limit)
            for row in page.rows:
                number_of(row)
            pages.append(page)
        except Garbage as exc:
            raise ShardBroke(shard.name, str(exc)) from exc
    newest = begins_with_newest(pages, by) if newest_first is None else newest_first
    merged = merge_pages(pages, read, limit, by, newest_first=newest)
    return replace(merged, next=merged.next.among({shard.key for shard in shards})), replies


def begins_with_newest(pages: Collection[ShardPage], by: str) -> bool:
    """Whether the lists begin with what is newest, as far as they show it."""
    return not any(len(page.rows) > 1 and str(page.rows[0].get(by)) < str(page.rows[-1].get(by)) for page in pages)
