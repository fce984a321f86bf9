"""A second, independent RTSP server for tests: GStreamer's, under the system's own Python (which has gi, not numpy).

    gst_rtsp.py PORT FPS < frames      frames: a line "WIDTHxHEIGHT", then raw RGB, as scenes.py writes them

Prints "READY PORT". Ends with its stdin. The camera is /cam.
"""

import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtspServer  # noqa: E402, F401

LAUNCH = (
    "( appsrc name=source is-live=true do-timestamp=true format=time max-bytes={size} leaky-type=downstream "
    "caps=video/x-raw,format=RGB,width={width},height={height},framerate={fps}/1 ! videoconvert ! "
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={fps} bitrate=1500 ! video/x-h264,profile=baseline ! "
    "rtph264pay name=pay0 pt=96 config-interval=1 )"
)


def main() -> None:
    port, fps = sys.argv[1], sys.argv[2]
    frames = sys.stdin.buffer
    width, height = map(int, frames.readline().split(b"x"))
    size = width * height * 3
    Gst.init(None)
    loop = GLib.MainLoop()
    sources = []  # the appsrc of every pipeline that plays

    def configure(factory, media):
        source = media.get_element().get_by_name("source")
        sources.append(source)
        media.connect("unprepared", lambda media: source in sources and sources.remove(source))

    def feed():
        while len(data := frames.read(size)) == size:
            for source in list(sources):
                source.emit("push-buffer", Gst.Buffer.new_wrapped(data))
        loop.quit()

    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(LAUNCH.format(width=width, height=height, fps=fps, size=2 * size))
    factory.set_shared(True)
    factory.connect("media-configure", configure)
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    threading.Thread(target=feed, daemon=True).start()
    print("READY", server.get_bound_port(), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
