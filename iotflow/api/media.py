"""Content types and content encodings of request bodies (RFC 9110, sections 8.3 and 8.4)."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request

JSON_TYPES = ("application/json", "application/*+json", "text/json")
NDJSON_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
FORM_TYPES = ("application/x-www-form-urlencoded",)
GZIP_ENCODINGS = ("gzip", "x-gzip")
"""The names of gzip: `x-gzip` is its former one (RFC 9110, section 8.4.1.3)."""
IDENTITY = "identity"
MAX_SHOWN_LENGTH = 100
"""Characters of a refused header that the error repeats."""


def content_type(request: Request) -> str:
    """Return the content type in lower case without parameters, "" without one."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def content_encoding(request: Request) -> str:
    """Return the content encoding in lower case, `IDENTITY` without one."""
    return request.headers.get("content-encoding", "").strip().lower() or IDENTITY


def require_content_type(sent: str, accepted: Sequence[str]) -> None:
    """Raise HTTPException (415) unless one of the accepted types matches; `*` in one stands for any text."""
    if not any(_matches(sent, one) for one in accepted):
        shown = repr(sent[:MAX_SHOWN_LENGTH]) if sent else "missing"
        raise HTTPException(415, f"the content type is {shown}; send {_join(accepted)}")


def require_content_encoding(sent: str, accepted: Sequence[str]) -> None:
    """Raise HTTPException (415) for another encoding than `IDENTITY` and the accepted ones.

    Its `Accept-Encoding` lists them (RFC 7694).
    """
    if sent != IDENTITY and sent not in accepted:
        expected = _join([*accepted, "an unencoded body"])
        detail = f"the content encoding {sent[:MAX_SHOWN_LENGTH]!r} is not accepted here; send {expected}"
        raise HTTPException(415, detail, {"Accept-Encoding": ", ".join(accepted) or IDENTITY})


def _matches(sent: str, accepted: str) -> bool:
    before, star, after = accepted.partition("*")
    if not star:
        return sent == accepted
    return len(sent) >= len(accepted) and sent.startswith(before) and sent.endswith(after)


def _join(accepted: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(accepted[:-1]), *accepted[-1:])))
