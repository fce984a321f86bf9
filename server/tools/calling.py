"""Carrying out a call: arguments checked, time and size bounded, whatever goes wrong told in one line."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from askcam.client.protocol import CalledTool, ErrorBody
from askcam.engine.calls import Call
from askcam.server.given_names import quoted
from askcam.server.tools.arguments import wrong_argument
from askcam.server.tools.base import CallLimits, Circumstance, Fault, Tool, ToolError

log = logging.getLogger(__name__)


async def carry_out(
    calls: Sequence[Call], tools: Mapping[str, Tool], circumstance: Circumstance, limits: CallLimits
) -> list[CalledTool]:
    """What the calls of one round brought, in their order. They run at the same time; none of them raises."""

    async def one(number: int, call: Call) -> CalledTool:
        began = time.monotonic()
        tool = tools.get(call.name)
        output: str | None = None
        error: ErrorBody | None = None
        try:
            if number >= limits.max_calls:
                raise ToolError(Fault.TOO_MANY, f"at most {limits.max_calls} calls at once are carried out")
            output = _cut(await _called(call, tool, circumstance, limits), limits.max_result_chars)
        except ToolError as exc:
            error = ErrorBody(str(exc), "tool_error", code=exc.fault.value)
        server = "" if tool is None else tool.server
        return CalledTool(
            id=call.id,
            name=call.name,
            server=server,
            arguments=call.arguments,
            output=output,
            error=error,
            ms=round((time.monotonic() - began) * 1000, 1),
        )

    return list(await asyncio.gather(*(one(number, call) for number, call in enumerate(calls))))


async def _called(call: Call, tool: Tool | None, circumstance: Circumstance, limits: CallLimits) -> str:
    """Raises ToolError."""
    if call.problem is not None:
        raise ToolError(Fault.ARGUMENTS, call.problem)
    if tool is None:
        raise ToolError(Fault.UNKNOWN, f"there is no tool {quoted(call.name)} here")
    arguments = call.values()
    wrong = wrong_argument(arguments, tool.signature.parameters, tool.signature.name)
    if wrong is not None:
        raise ToolError(Fault.ARGUMENTS, wrong)
    try:
        async with asyncio.timeout(limits.timeout_s):
            return await tool.call(arguments, circumstance)
    except ToolError:
        raise
    except TimeoutError as exc:
        raise ToolError(Fault.TIMEOUT, f"{call.name} did not answer within {limits.timeout_s:g} s") from exc
    except Exception as exc:
        log.error("tool %s of %s failed", call.name, tool.server, exc_info=exc)
        raise ToolError(Fault.FAILED, f"{call.name} failed; the server's log has the cause") from exc


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more characters were cut off)"
