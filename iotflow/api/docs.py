"""The documentation pages `/docs` and `/redoc`, which load nothing from other hosts."""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.responses import HTMLResponse

SWAGGER_UI_PARAMETERS = {"defaultModelsExpandDepth": 0}
"""Settings of `/docs`: the long list of schemas is collapsed."""

STATIC_PATH = "/static-offline-docs"
SCRIPT_PATH = "/redoc.js"
SCRIPT_LIFETIME_S = 3_600

# Both pages add inline styles; ReDoc runs its search in a worker created from a blob.
POLICY = (
    "default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


# fastapi-offline's own pages have no Content-Security-Policy, and its ReDoc loads a logo from cdn.redoc.ly.
router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Return the page of Swagger UI."""
    root = request.scope.get("root_path", "")
    page = get_swagger_ui_html(
        openapi_url=f"{root}{request.app.openapi_url}",
        title=f"{request.app.title} - Swagger UI",
        swagger_js_url=f"{root}{STATIC_PATH}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{STATIC_PATH}/swagger-ui.css",
        swagger_favicon_url=f"{root}{STATIC_PATH}/favicon.png",
        swagger_ui_parameters=SWAGGER_UI_PARAMETERS,
    )
    return _with_policy(page)


@router.get("/redoc")
async def redoc(request: Request) -> HTMLResponse:
    """Return the page of ReDoc."""
    root = request.scope.get("root_path", "")
    page = get_redoc_html(
        openapi_url=f"{root}{request.app.openapi_url}",
        title=f"{request.app.title} - ReDoc",
        redoc_js_url=f"{root}{SCRIPT_PATH}",
        redoc_favicon_url=f"{root}{STATIC_PATH}/favicon.png",
        with_google_fonts=False,
    )
    return _with_policy(page)


@router.get(SCRIPT_PATH)
def redoc_script() -> Response:
    """Return the script of ReDoc."""
    headers = {"Cache-Control": f"max-age={SCRIPT_LIFETIME_S}"}
    return Response(_redoc_script(), headers=headers, media_type="text/javascript")


def _with_policy(page: HTMLResponse) -> HTMLResponse:
    """Allow the inline scripts of a page by their hashes, and no other inline scripts."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(bytes(page.body)))
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    page.headers["Content-Security-Policy"] = POLICY.format(hashes=hashes)
    return page


@cache
def _redoc_script() -> bytes:
    published = (files("fastapi_offline") / "static" / "redoc.standalone.js").read_bytes()
    return published.replace(b"https://cdn.redoc.ly/redoc/logo-mini.svg", b"data:,")
