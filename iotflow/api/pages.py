"""The pages that show the document to people, with no help from any other host."""

from functools import cache
from importlib.resources import files

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_redoc_html
from starlette.responses import HTMLResponse

DOCS = {"defaultModelsExpandDepth": 0}
"""How `/docs` looks: the long list of schemas is closed."""

SCRIPT_PATH = "/redoc.js"
SCRIPT_LIFETIME_S = 3_600


def install(app: FastAPI) -> None:
    """Serve `/redoc`; fastapi-offline, which serves `/docs`, would serve a script that asks its makers for a logo."""

    @app.get("/redoc", include_in_schema=False)
    async def redoc(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return get_redoc_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=f"{app.title} - ReDoc",
            redoc_js_url=f"{root}{SCRIPT_PATH}",
            redoc_favicon_url=f"{root}/static-offline-docs/favicon.png",
            with_google_fonts=False,
        )

    @app.get(SCRIPT_PATH, include_in_schema=False)
    def script() -> Response:
        headers = {"Cache-Control": f"max-age={SCRIPT_LIFETIME_S}"}
        return Response(_script(), headers=headers, media_type="text/javascript")


@cache
def _script() -> bytes:
    published = (files("fastapi_offline") / "static" / "redoc.standalone.js").read_bytes()
    return published.replace(b"https://cdn.redoc.ly/redoc/logo-mini.svg", b"data:,")
