"""Receive askcam's webhooks: python examples/webhook_receiver.py [PORT], with the secret in ASKCAM_WEBHOOK_SECRET.

Only the standard library. It prints each event once, and lets nothing in that is not signed.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

TOLERANCE_S = 300  # an old request that somebody recorded is not taken again
seen: dict[str, None] = {}  # webhook-ids in their order; keep them on disk if you act on events


def verified(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether `body`, as it came, byte for byte, is signed with `secret`."""
    name, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = hmac.new(key, f"{name}.{sent_at}.".encode() + body, hashlib.sha256).digest()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(f"v1,{base64.b64encode(wanted).decode()}", each) for each in given)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        good = verified(os.environ["ASKCAM_WEBHOOK_SECRET"], self.headers, body)
        self.send_response(204 if good else 401)  # any 2xx: it is taken, and never sent again
        self.end_headers()
        name = self.headers.get("webhook-id", "")
        if good and name not in seen:  # at least once: the same event may come twice, under the same webhook-id
            seen[name] = None
            while len(seen) > 10_000:
                del seen[next(iter(seen))]
            said = json.loads(body)
            about = {key: said["data"].get(key) for key in ("id", "watch", "camera", "answer", "message")}
            print(said["timestamp"], said["type"], {key: value for key, value in about.items() if value}, flush=True)

    def log_message(self, *_: object) -> None: ...


if __name__ == "__main__":
    with HTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8500), Receiver) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
