"""The API's OpenAPI document, as all tests of it use it."""

from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig

from iotflow.app import create_app
from iotflow.settings import load_settings

ROOT = Path(__file__).parents[2]

DOCUMENT: dict[str, Any] = create_app(load_settings()).openapi()

SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=SchemathesisConfig.from_path(ROOT / "schemathesis.toml"))
"""The document, loaded by Schemathesis with the committed configuration."""
