"""GET /v1/answers/{id}/key.jpg: the camera's picture of an answer's moment."""

import asyncio
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from askcam.server.answers import no_such_answer
from askcam.server.core import Core
from askcam.server.errors import NotFound
from askcam.server.found_answers import of_answer
from askcam.server.wire.bodies import jpeg_response
from askcam.server.wire.endpoint import ANSWER, JPEG, Endpoint, Reply


class KeyPictures(Protocol):
    """Where key pictures are."""

    def key(self, answer_id: str) -> tuple[bool, bytes | None]: ...


def endpoints(core: Core, keys: KeyPictures | None) -> list[Endpoint]:
    """Ids are unguessable and never listed. None: evidence is not kept."""

    async def key(request: Request) -> Response:
        answer_id = request.path_params["id"]
        there, picture = (False, None) if keys is None else await asyncio.to_thread(keys.key, answer_id)
        if not there:
            raise no_such_answer(answer_id, archived=keys is not None)
        if picture is None:
            raise NotFound(f"there is no key picture of answer {answer_id}: its camera could not give it", "id")
        return jpeg_response(picture)

    return [
        Endpoint(
            method="GET",
            path="/v1/answers/{id}/key.jpg",
            handler=key,
            name="getAnswerKeyPicture",
            what="Of kept evidence: the camera's picture of that moment in full resolution",
            replies={200: Reply("JPEG", JPEG)},
            about=of_answer(core),
            takes=(ANSWER,),
            errors=(404,),
            tag="answers",
        ),
    ]
