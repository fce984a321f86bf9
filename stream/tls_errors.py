"""Why no TLS connection came about, in words, with what helps. Pure."""

import ssl
from collections.abc import Iterator

NOT_YET_VALID, EXPIRED = 9, 10  # of OpenSSL: X509_V_ERR_…
OTHER_NAME = frozenset({62, 64})  # a host's, an IP address's


def tls_trouble(exc: BaseException, ca: str) -> str | None:
    """What is wrong with TLS, of whatever a connection failed with; None: nothing. `ca`: where people name who has
    signed a certificate."""
    found = next((each for each in _causes(exc) if isinstance(each, ssl.SSLError)), None)
    if found is None:
        return None
    if isinstance(found, ssl.SSLCertVerificationError):
        return _refused(found, ca)
    if isinstance(found, ssl.SSLWantReadError):  # it was waited for, in vain
        return "it does not answer a TLS handshake: does it speak TLS at all, or is it overloaded?"
    if found.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return "it speaks no TLS: does its address begin with http://, or does it lack its certificate?"
    return f"TLS failed ({found.reason or type(found).__name__})"


def _refused(exc: ssl.SSLCertVerificationError, ca: str) -> str:
    if exc.verify_code == EXPIRED:
        return "its certificate has expired: renew it there"
    if exc.verify_code == NOT_YET_VALID:
        return "its certificate is not valid yet: do the clocks of both machines go right?"
    said = exc.verify_message.rstrip(".")
    if exc.verify_code in OTHER_NAME:
        return f"its certificate is for another name ({said}): use an address that it names, or have it name this one"
    return f"its certificate is not trusted ({said}): name who has signed it as {ca}"


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """It, and what it came of; each of several attempts."""
    while exc is not None:
        yield exc
        if isinstance(exc, BaseExceptionGroup):
            for each in exc.exceptions:
                yield from _causes(each)
        exc = exc.__cause__ or exc.__context__
