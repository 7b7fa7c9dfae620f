#!/usr/bin/python3
"""A GStreamer RTSP camera for tests: H.264 from x264enc, 320x240 at 25 fps and 800 kbit/s, a key frame a second.

Prints "READY <port>" once it listens on 127.0.0.1, and ends when its standard input closes.
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", default="0")
parser.add_argument("--path", default="/live")
parser.add_argument("--user")
parser.add_argument("--password", default="")
parser.add_argument("--auth", choices=["basic", "digest"], default="digest")
parser.add_argument("--protocols", choices=["tcp", "udp", "both"], default="both")
parser.add_argument("--tls-pem", help="file with certificate and key: serves RTSPS")
parser.add_argument("--audio", action="store_true", help="adds PCMA")
parser.add_argument("--slices", type=int, default=1, help="per picture")
parser.add_argument("--b-frames", type=int, default=0, help="between reference pictures")
parser.add_argument("--profile", default="constrained-baseline")
parser.add_argument("--width", type=int, default=320)
parser.add_argument("--height", type=int, default=240)
parser.add_argument("--kbps", type=int, default=800)
parser.add_argument("--gop", type=int, default=25, help="frames from key frame to key frame")
parser.add_argument("--pattern", default="ball", help="of videotestsrc, and more of its properties")
parser.add_argument("--file", help="plays this H.264 file (MPEG-TS) instead of a test picture")
arguments = parser.parse_args()

Gst.init(None)
server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(arguments.port)

if arguments.file:
    video = f'filesrc location="{arguments.file}" ! tsdemux ! h264parse ! rtph264pay name=pay0 pt=96 '
else:
    tune = f"bframes={arguments.b_frames} b-adapt=false rc-lookahead=5" if arguments.b_frames else "tune=zerolatency"
    preset = "ultrafast" if arguments.profile == "constrained-baseline" else "veryfast"
    video = (
        f"videotestsrc is-live=true pattern={arguments.pattern} "
        f"! video/x-raw,format=I420,width={arguments.width},height={arguments.height},framerate=25/1 "
        f"! x264enc {tune} speed-preset={preset} key-int-max={arguments.gop} bitrate={arguments.kbps} threads=1 "
        f"option-string=slices={arguments.slices} "
        f"! video/x-h264,profile={arguments.profile} "
        "! rtph264pay name=pay0 pt=96 config-interval=0 "
    )
audio = (
    "audiotestsrc is-live=true samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8 "
    if arguments.audio
    else ""
)
factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_launch(f"( {video} {audio} )")
factory.set_shared(True)
protocols = {
    "tcp": GstRtsp.RTSPLowerTrans.TCP,
    "udp": GstRtsp.RTSPLowerTrans.UDP,
    "both": GstRtsp.RTSPLowerTrans.TCP | GstRtsp.RTSPLowerTrans.UDP,
}
factory.set_protocols(protocols[arguments.protocols])

if arguments.user or arguments.tls_pem:
    auth = GstRtspServer.RTSPAuth.new()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    role = GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE
    if arguments.user:
        if arguments.auth == "digest":
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(arguments.user, arguments.password, token)
        else:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(arguments.user, arguments.password), token)
    else:
        auth.set_default_token(token)
    if arguments.tls_pem:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(arguments.tls_pem))
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)

server.get_mount_points().add_factory(arguments.path, factory)
if server.attach(None) == 0:
    sys.exit("cannot listen")
print(f"READY {server.get_bound_port()}", flush=True)

loop = GLib.MainLoop()
GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP | GLib.IOCondition.IN, lambda *_: loop.quit())
loop.run()
