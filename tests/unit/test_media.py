"""Content types that match, and the texts of refusals."""

import pytest
from starlette.exceptions import HTTPException

from iotflow.api.media import JSON_TYPES, require_content_encoding, require_content_type


@pytest.mark.parametrize("sent", ["application/json", "text/json", "application/senml+json", "application/x.y-z+json"])
def test_json_types(sent: str) -> None:
    require_content_type(sent, JSON_TYPES)


@pytest.mark.parametrize("sent", ["", "application/+json", "text/x+json", "application/json+x", "xapplication/json"])
def test_other_types(sent: str) -> None:
    with pytest.raises(HTTPException) as refused:
        require_content_type(sent, JSON_TYPES)
    shown = repr(sent) if sent else "missing"
    assert refused.value.detail == (
        f"the content type is {shown}; send application/json, application/*+json or text/json"
    )


def test_a_long_header_is_shortened() -> None:
    for require in (require_content_type, require_content_encoding):
        with pytest.raises(HTTPException) as refused:
            require("x" * 10_000, ())
        assert len(refused.value.detail) < 300
