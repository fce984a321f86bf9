"""Frameworks that nobody here wrote, unmodified, before the real server: `make sdks` installs them."""

import asyncio
import gc
import importlib.util
import os
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from conftest import SEED
from pydantic import BaseModel
from support.parts import need
from support.servers.askcam_server import LiveServer, wait_for_pairs
from support.servers.askcam_server import live_server as start_server

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the network for prices when it is imported
os.environ["ANONYMIZED_TELEMETRY"] = "False"
# Some keep their connections open for good, or are used in the way that they will give up next.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
QUESTION = "What do you see?"
SEEN = "I see "


class Moves(BaseModel):
    """Whether something does."""

    answer: Literal["yes", "no"]


def installed(module: str) -> None:
    need(importlib.util.find_spec(module) is not None, f"{module} is missing: run `make sdks`")


@pytest.fixture(scope="module")
def live_server() -> Iterator[LiveServer]:
    """One server: what differs between backends is the business of the other files here."""
    with start_server(cameras=[f"lobby=synthetic:{SEED}"]) as server:
        wait_for_pairs(server, "lobby", 2)
        yield server


@pytest.fixture(scope="module", autouse=True)
def swept() -> Iterator[None]:
    """What the frameworks leave behind goes here, not in the tests of others."""
    yield
    gc.collect()


@pytest.fixture
def url(live_server: LiveServer) -> str:
    return f"{live_server.url}/v1"


# LangChain


@pytest.fixture(params=[False, True], ids=["chat", "responses"])
def langchain(request: pytest.FixtureRequest, url: str) -> Any:
    installed("langchain_openai")
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model="lobby", base_url=url, api_key="none", use_responses_api=request.param, max_retries=0)


@pytest.mark.parametrize("order", ["user", "system", "user system", "user assistant", "system user", "user user"])
def test_langchain_ends_a_conversation_in_any_turn(langchain: Any, order: str) -> None:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    made = {"user": HumanMessage(QUESTION), "assistant": AIMessage("I see"), "system": SystemMessage("Be brief.")}
    turns: list[Any] = [made[role] for role in order.split()]
    reply = langchain.invoke([SystemMessage(QUESTION)] if order == "system" else turns)
    assert reply.text.startswith(SEEN)


def test_langchain_streams_calls_and_answers_in_a_form(langchain: Any) -> None:
    from langchain_core.tools import tool

    @tool
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return f"sunny in {city}"

    assert "".join(chunk.text for chunk in langchain.stream(QUESTION)).startswith(SEEN)
    calls = langchain.bind_tools([get_weather], tool_choice="any").invoke("What is the weather in Paris?").tool_calls
    assert calls
    assert all((call["name"], list(call["args"])) == ("get_weather", ["city"]) for call in calls)
    for method in ("json_schema", "function_calling"):
        found = langchain.with_structured_output(Moves, method=method).invoke("Is anything moving?")
        assert isinstance(found, Moves)


def test_langchain_goes_on_with_what_was_said(langchain: Any) -> None:
    from langchain_core.messages import HumanMessage

    first = langchain.invoke(QUESTION)
    assert langchain.invoke([HumanMessage(QUESTION), first, HumanMessage(QUESTION)]).text.startswith(SEEN)


# LiteLLM


def test_litellm(url: str) -> None:
    installed("litellm")
    import litellm

    litellm.telemetry = False
    common: Any = {"model": "openai/lobby", "api_base": url, "api_key": "none", "num_retries": 0}
    user, system = {"role": "user", "content": QUESTION}, {"role": "system", "content": QUESTION}
    for turns in ([user], [system], [user, {"role": "assistant", "content": "I see"}], [user, user]):
        reply: Any = litellm.completion(messages=turns, **common)
        assert reply.choices[0].message.content.startswith(SEEN)
    streamed: Any = litellm.completion(messages=[user], stream=True, **common)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed).startswith(SEEN)
    response: Any = litellm.responses(input=QUESTION, **common)
    assert response.output[0].content[0].text.startswith(SEEN)


# pydantic-ai


@pytest.mark.parametrize("api", ["OpenAIChatModel", "OpenAIResponsesModel"])
def test_pydantic_ai(url: str, api: str) -> None:
    installed("pydantic_ai")
    import pydantic_ai.models.openai as models
    from pydantic_ai import Agent, NativeOutput
    from pydantic_ai.providers.openai import OpenAIProvider

    model = getattr(models, api)("lobby", provider=OpenAIProvider(base_url=url, api_key="none"))
    first = Agent(model, instructions="Be brief.").run_sync(QUESTION)
    assert first.output.startswith(SEEN)
    assert Agent(model).run_sync(QUESTION, message_history=first.all_messages()).output.startswith(SEEN)
    assert Agent(model, system_prompt=QUESTION).run_sync().output.startswith(SEEN)
    assert Agent(model, instructions=QUESTION).run_sync().output.startswith(SEEN)
    forms: list[Any] = [Moves, NativeOutput(Moves)]
    for form in forms:
        assert isinstance(Agent(model, output_type=form).run_sync("Is anything moving?").output, Moves)


# OpenAI's agents


@pytest.mark.parametrize("api", ["OpenAIChatCompletionsModel", "OpenAIResponsesModel"])
def test_openai_agents(url: str, api: str) -> None:
    installed("agents")
    import agents
    from openai import AsyncOpenAI

    agents.set_tracing_disabled(True)

    async def talk() -> tuple[Any, Any]:
        async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            model = getattr(agents, api)(model="lobby", openai_client=client)
            agent = agents.Agent(name="camera", instructions="Be brief.", model=model)
            first = await agents.Runner.run(agent, QUESTION)
            turns: Any = [*first.to_input_list(), {"role": "user", "content": QUESTION}]
            return first.final_output, (await agents.Runner.run(agent, turns)).final_output

    first, second = asyncio.run(talk())
    assert first.startswith(SEEN)
    assert second.startswith(SEEN)


# Pipecat's realtime client


def test_pipecat_speaks_realtime(live_server: LiveServer) -> None:
    installed("pipecat")
    from pipecat.frames.frames import Frame, LLMFullResponseEndFrame, LLMRunFrame, LLMTextFrame
    from pipecat.pipeline.pipeline import Pipeline
    from pipecat.pipeline.runner import PipelineRunner
    from pipecat.pipeline.task import PipelineTask
    from pipecat.processors.aggregators.llm_context import LLMContext
    from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
    from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
    from pipecat.services.openai.realtime.events import SessionProperties
    from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

    class Ear(FrameProcessor):  # type: ignore[misc, unused-ignore]
        """Hears what the model says."""

        def __init__(self) -> None:
            super().__init__()
            self.words: list[str] = []
            self.whole = asyncio.Event()

        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            await super().process_frame(frame, direction)
            if isinstance(frame, LLMTextFrame):
                self.words.append(frame.text)
            if isinstance(frame, LLMFullResponseEndFrame):
                self.whole.set()
            await self.push_frame(frame, direction)

    async def talk() -> str:
        session = SessionProperties(output_modalities=["text"], instructions="Be brief.")
        settings = OpenAIRealtimeLLMService.Settings(model="lobby", session_properties=session)
        service = OpenAIRealtimeLLMService(
            api_key="none", base_url=f"{live_server.ws_url}/v1/realtime", settings=settings
        )
        both, ear = LLMContextAggregatorPair(LLMContext(messages=[{"role": "user", "content": QUESTION}])), Ear()
        task = PipelineTask(Pipeline([both.user(), service, ear, both.assistant()]))

        async def ask() -> None:
            await task.queue_frame(LLMRunFrame())
            try:
                async with asyncio.timeout(60):
                    await ear.whole.wait()
            finally:
                await task.cancel()

        await asyncio.gather(PipelineRunner(handle_sigint=False).run(task), ask())
        return "".join(ear.words)

    assert asyncio.run(talk()).startswith(SEEN)
