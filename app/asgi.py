"""One ASGI app: routes from all rooms and features, behind the doors of server/http/doors.py."""

from starlette.applications import Starlette

from askcam.server.core import Core
from askcam.server.http import cameras, health, history, login, page, tools, words
from askcam.server.http.doors import Doors, app_behind
from askcam.server.openai import models
from askcam.server.openai.chat import completions
from askcam.server.openai.realtime import routes as realtime
from askcam.server.openai.responses import routes as responses
from askcam.server.wire import openapi
from askcam.server.wire.endpoint import Endpoint


def all_endpoints(core: Core) -> list[Endpoint]:
    """Every room's, and the description of them all."""
    found = [*page.endpoints(), *words.endpoints(), *health.endpoints(core), *login.endpoints(core.auth)]
    for room in (models, completions, responses, cameras, history, tools):
        found += room.endpoints(core)
    found += [endpoint for running in core.features.values() for endpoint in running.endpoints]
    return [*found, openapi.endpoint(found, core.auth.token_required)]


def build_app(core: Core) -> Starlette:
    """The whole server as one app. Whoever runs it opens and closes the core's parts around it."""
    doors = Doors(
        core.auth,
        core.limits,
        core.places,
        core.proxies,
        core.ending,
        core.metrics.requested,
        visits=core.visits,
        sign_in=core.sign_in,
        ignored=core.ignored_names,
        visitors=core.visitors,
    )
    return app_behind(doors, all_endpoints(core), realtime.routes(core))
