"""A camera that sends JPEGs over HTTP without end, as cheap ones do. A process of its own.

mjpeg_http.py [--port N] [--fps F] SCENE      prints "READY PORT"; ends with its stdin. The camera is /cam.mjpeg.
"""

import argparse
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
from support.servers import scenes


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scene")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fps", type=float, default=10)
    args = parser.parse_args()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/cam.mjpeg":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            try:
                for _, picture in scenes.play(scenes.open_scene(args.scene), args.fps):
                    jpeg = cv2.imencode(".jpg", picture[:, :, ::-1])[1].tobytes()
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a test's output is the test's."""

    server = ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("READY", server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
