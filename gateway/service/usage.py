"""``/v1/usage``: what was used, by session, key, brain or day, and what it is likely to cost."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel

from store.usage import Grouped, Quantities, UsageGroup, Usages

from ..access import Caller, caller_with
from ..problems import wrong_value
from .prices import Prices

DEFAULT_DAYS: Final = 30
CSV: Final = "text/csv"

MaySee = Annotated[Caller, Depends(caller_with("usage"))]
From = Annotated[
    datetime | None,
    Query(alias="from", description="Of the conversations' beginning; without: 30 days ago. UTC."),
]
To = Annotated[datetime | None, Query(description="Before which they began; without: now.")]
Group = Annotated[UsageGroup, Query(description="What a row stands for.")]


class UsageRow(BaseModel):
    """What one group used."""

    group: str
    """A session's id, a key's id, a day, or a brain's provider and model. Empty: conversations
    without a session, without a key; or, by brain, conversations as such."""
    conversations: int
    session_seconds: float
    heard_seconds: float
    """The person spoke."""
    spoken_seconds: float
    """The agent spoke."""
    stt_seconds: float
    """Sound given to speech recognition."""
    tts_seconds: float
    """Sound made by a voice."""
    tts_characters: int
    input_tokens: int
    """Cached ones and those of sound included."""
    cached_tokens: int
    output_tokens: int
    cost: float
    """Estimated. What ``unpriced`` names is not in it."""
    unpriced: list[str]
    """Models that the price table does not know."""


class UsageReport(BaseModel):
    since: datetime
    until: datetime
    group: UsageGroup
    currency: str
    rows: list[UsageRow]
    total: UsageRow


def usage_routes(usages: Usages, prices: Prices) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["usage"])

    async def report(caller: Caller, group: UsageGroup, since: From, to: To) -> UsageReport:
        try:
            until = _utc(to) or datetime.now(UTC)
            begin = _utc(since) or until - timedelta(days=DEFAULT_DAYS)
        except OverflowError:
            raise wrong_value("from, to", "no calendar reaches so far in UTC") from None
        total, counts = await asyncio.to_thread(
            _read, usages, group, caller.sees, begin.timestamp(), until.timestamp()
        )
        return UsageReport(
            since=begin,
            until=until,
            group=group,
            currency=prices.currency,
            rows=[
                _row(name, counts.get(name, 0), [g for g in total if g.group == name], prices)
                for name in sorted({each.group for each in total})
            ],
            total=_row("", _all(group, counts), total, prices),
        )

    @routes.get(
        "/usage",
        response_model=UsageReport,
        operation_id="get_usage",
        summary="What was used",
        responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
    )
    async def usage(
        caller: MaySee,
        group: Group = "day",
        since: From = None,
        to: To = None,
        accept: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> UsageReport | Response:
        """Seconds, tokens and characters with an estimate of their cost; as CSV with
        `Accept: text/csv`. A conversation counts where it began."""
        found = await report(caller, group, since, to)
        return _csv(found) if CSV in accept else found

    @routes.get(
        "/usage.csv",
        response_class=Response,
        operation_id="get_usage_csv",
        summary="What was used, as CSV",
        responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
    )
    async def usage_csv(
        caller: MaySee, group: Group = "day", since: From = None, to: To = None
    ) -> Response:
        """The rows of `/v1/usage`, for a spreadsheet."""
        return _csv(await report(caller, group, since, to))

    return routes


def _read(
    usages: Usages, group: UsageGroup, owner: str | None, since: float, until: float
) -> tuple[list[Grouped], Mapping[str, int]]:
    return (
        usages.total(group, owner=owner, since=since, until=until),
        usages.count(group, owner=owner, since=since, until=until),
    )


def _all(group: UsageGroup, counts: Mapping[str, int]) -> int:
    """A conversation has several brains, but is of one session, key and day."""
    return counts.get("", 0) if group == "brain" else sum(counts.values())


def _row(name: str, conversations: int, total: Iterable[Grouped], prices: Prices) -> UsageRow:
    by_kind = {kind: Quantities() for kind in ("conversation", "stt", "llm", "tts")}
    cost, unpriced = 0.0, set[str]()
    for each in total:
        used = each.used
        by_kind[used.kind] += used.quantities
        if (price := prices.cost(used)) is None:
            unpriced.add(f"{used.provider} {used.model}")
        else:
            cost += price
    talk, heard, mind, voice = by_kind.values()
    tokens = heard + mind + voice
    return UsageRow(
        group=name,
        conversations=conversations,
        session_seconds=round(talk.seconds, 3),
        heard_seconds=round(talk.heard_seconds, 3),
        spoken_seconds=round(talk.spoken_seconds, 3),
        stt_seconds=round(heard.audio_seconds, 3),
        tts_seconds=round(voice.audio_seconds, 3),
        tts_characters=round(voice.characters),
        input_tokens=round(tokens.input_tokens),
        cached_tokens=round(tokens.cached_tokens),
        output_tokens=round(tokens.output_tokens),
        cost=round(cost, 6),
        unpriced=sorted(unpriced),
    )


def _csv(report: UsageReport) -> Response:
    text = io.StringIO()
    columns = list(UsageRow.model_fields)
    writer = csv.DictWriter(text, [*columns, "currency"])
    writer.writeheader()
    for row in report.rows:
        cells = row.model_dump() | {"unpriced": "; ".join(row.unpriced)}
        writer.writerow(cells | {"currency": report.currency})
    return Response(
        text.getvalue(),
        media_type=CSV,
        headers={"Content-Disposition": 'attachment; filename="usage.csv"'},
    )


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
