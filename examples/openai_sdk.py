"""The same with OpenAI's own SDK, unmodified: every camera is a model. pip install openai"""

import sys

from openai import APIStatusError, OpenAI


def main(question: str = "What do you see?", url: str = "http://127.0.0.1:8400") -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key="none")  # the token, where the server wants one
    cameras = [model.id for model in client.models.list() if model.id != "askcam"]  # that one is the model itself
    if not cameras:
        sys.exit("the server has no camera yet: it still starts, or has none")
    chunks = client.chat.completions.create(
        model=cameras[0],
        messages=[{"role": "user", "content": question}],
        stream=True,
        # rather no answer than one from older frames; wait a while for younger ones
        extra_body={"askcam": {"max_age_ms": 15_000, "max_wait_ms": 20_000}},
    )
    for chunk in chunks:
        if chunk.choices and chunk.choices[0].delta.content:
            print(chunk.choices[0].delta.content, end="", flush=True)
        saw = (chunk.model_extra or {}).get("askcam")
        if saw:
            print(f"\n{saw['camera']}: from {saw['window']['start']} to {saw['window']['end']}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except APIStatusError as error:
        sys.exit(error.message)
