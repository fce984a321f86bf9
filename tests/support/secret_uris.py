"""URIs of many shapes with a secret somewhere in them: what tests of labels, logs and the wire draw from."""

from urllib.parse import quote

from hypothesis import strategies as st

SIGNS = st.sampled_from("abcdefghkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_.!$*+~")
ODD = st.sampled_from("abcXYZ0189 /?#[]@:'\"%&=+;,\\<>{}|^`()äß密ю")
HOSTS = st.sampled_from(
    ["h", "cam.lan", "10.0.0.5", "10.0.0.5:554", "[2001:db8::1]", "[::1]:8554", "камера.рф", "nvr:8554"]
)
SCHEMES = st.sampled_from(["rtsp", "RTSP", "rtsps", "http", "HTTPS"])


def marked(text: str) -> str:
    """Capitals that occur nowhere else, so that a part of it is found again, too."""
    return f"Zq{text}Wj"


plain_secrets = st.text(SIGNS, min_size=6, max_size=20).map(marked)
odd_secrets = st.text(ODD, min_size=4, max_size=16).map(marked)

SHAPES = (
    "{scheme}://joe:{secret}@{host}/live",
    "{scheme}://joe:{quoted}@{host}/live?channel=1",
    "{scheme}://{quoted}@{host}/live",
    "{scheme}://{quoted}:x@{host}/live",
    "{scheme}://{host}/user=admin_password={quoted}_channel=1_stream=0.sdp?real_stream",
    "{scheme}://{host}/user=admin&password={quoted}&channel=1&stream=0.sdp",
    "{scheme}://{host}/live/{quoted}/main",
    "{scheme}://{host}/{quoted}",
    "{scheme}://{host}/{quoted}.m3u8",
    "{scheme}://{host}/live;jsessionid={quoted}",
    "{scheme}://{host}/live;{quoted}",
    "{scheme}://{host}/live?{quoted}",
    "{scheme}://{host}/live?{quoted}=1",
    "{scheme}://{host}/live#{quoted}",
    "{scheme}://{host}?{quoted}",
    *(
        "{scheme}://{host}/live?channel=1&" + key + "={quoted}&fps=5"
        for key in (
            "u=joe&p", "user=joe&pwd", "loginuse=joe&loginpas", "authToken", "jwt", "sig", "X-Amz-Signature", "psw",
            "access_token", "passphrase", "whatever", "channel", "resolution", "_", "Key-Pair-Id", "e", "hdnts",
        )
    ),
)  # fmt: skip
RAW_SHAPES = SHAPES[:1]  # what users paste without escaping


@st.composite
def uris(draw: st.DrawFn) -> tuple[str, str]:
    """(a URI, the secret in it)."""
    shape = draw(st.sampled_from(SHAPES))
    raw = shape in RAW_SHAPES
    secret = draw(odd_secrets if raw or draw(st.booleans()) else plain_secrets)
    uri = shape.format(scheme=draw(SCHEMES), host=draw(HOSTS), secret=secret, quoted=quote(secret, safe=""))
    return uri, secret


def comes_out(secret: str, text: str) -> bool:
    """Whether `text` tells of `secret`: whole, escaped, or with its beginning or end."""
    forms = (secret, quote(secret, safe=""), quote(secret), secret[:4], secret[-4:], " ".join(secret.split()))
    return any(form in text for form in forms)
