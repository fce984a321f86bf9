"""Refusals of a server name the command's options."""

import pytest

from askcam.client.errors import BadRequest
from askcam.client.protocol import ErrorBody
from askcam.server.terminal.options import called_as_options


@pytest.mark.parametrize(
    ("param", "said", "told"),
    [
        ("response.askcam.max_age_ms", "response.askcam.max_age_ms=-5.0 is not", "--max-age-ms=-5.0 is not"),
        ("max_age_ms", "Expected `float` > 0.0 in 'max_age_ms'", "Expected `float` > 0.0 in --max-age-ms"),
        ("since", "since='noon' must be later: since is early", "--since='noon' must be later: since is early"),
    ],
)
def test_a_field_that_came_of_an_option_is_called_so(param: str, said: str, told: str) -> None:
    with pytest.raises(BadRequest) as refused, called_as_options("--max-age-ms", "--since"):
        raise BadRequest(ErrorBody(said, "invalid_request_error", param, "invalid_value"))
    assert str(refused.value) == told
    assert refused.value.code == "invalid_value"
    assert (refused.value.param or "") in told


@pytest.mark.parametrize("param", [None, "model", "response.askcam.tools"])
def test_other_fields_keep_their_names(param: str | None) -> None:
    raised = BadRequest(ErrorBody(f"{param} is wrong", "invalid_request_error", param))
    with pytest.raises(BadRequest) as refused, called_as_options("--max-age-ms"):
        raise raised
    assert refused.value is raised
