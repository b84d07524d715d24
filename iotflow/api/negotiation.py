"""Content negotiation (RFC 9110, 12): what a client accepts, with its weights."""

import re
from collections.abc import Mapping

MAX_ACCEPT_LENGTH = 1_000
"""A longer header is ignored. Browsers send some 150 characters."""
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


def weights(accept: str) -> Mapping[str, float]:
    """Return the weight, 0 to 1, of each entry of an `Accept` or `Accept-Encoding` header, in lower case.

    An entry whose weight is malformed is left out, and all are if the header exceeds `MAX_ACCEPT_LENGTH`. Parameters of
    media types are ignored.
    """
    found: dict[str, float] = {}
    for entry in accept.lower().split(",") if len(accept) <= MAX_ACCEPT_LENGTH else ():
        name, *parameters = (part.strip() for part in entry.split(";"))
        given = next((part for part in parameters if part.startswith("q=")), "q=1")
        if name and (weight := _WEIGHT.fullmatch(given)):
            found[name] = float(weight[1])
    return found


def prefers(accept: str, media_type: str, default: str) -> bool:
    """Return whether a client wants `media_type` rather than the default.

    It does with a higher weight, or with the same weight if only ranges like `*/*` include the default.
    """
    accepted = weights(accept)
    weight, default_weight = _weight(accepted, media_type), _weight(accepted, default)
    if weight == default_weight:
        return weight > 0 and media_type in accepted and default not in accepted
    return weight > default_weight


def _weight(accepted: Mapping[str, float], media_type: str) -> float:
    """Return the weight of the most specific entry that includes a media type; 0 without one."""
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((accepted[name] for name in ranges if name in accepted), 0.0)
