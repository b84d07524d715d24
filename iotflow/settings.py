"""Every setting, declared once. Each is read from the environment variable `IOTFLOW_<NAME>`."""

import os
import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from iotflow.addresses import SmtpAddress
from iotflow.domain.limits import LoginLimits, Rates
from iotflow.logs import LogFormat
from iotflow.setting_values import cache, documents, networks, origins, parse_smtp_url, telemetry
from iotflow.urls import check_sql_url

MiB = 2**20

RENAMED = {
    "online_window": "online_window_seconds",
    "token_lifetime": "token_lifetime_seconds",
    "login_window": "login_window_seconds",
}
"""Settings by their former names. One that is set stops the start: to ignore it would silently apply the default."""


class InvalidSettings(Exception):
    """One or more settings are invalid; the message has a line for each: name, problem, expected value."""


class Settings(BaseSettings):
    """The settings of one service. `load_settings` reads them and formats the errors."""

    model_config = SettingsConfigDict(env_prefix="IOTFLOW_", frozen=True, extra="ignore")

    data_dir: Path = Field(Path("data"), description="Directory of the embedded stores' files.")
    database_url: str = Field(
        "",
        description=(
            "Accounts, devices, groups and configs: `sqlite+aiosqlite:///PATH` or "
            "`postgresql+asyncpg://USER:PASSWORD@HOST/NAME`; by default SQLite's `iotflow.db` in the data directory."
        ),
    )
    telemetry_url: Annotated[str, AfterValidator(telemetry)] = Field(
        "sql",
        description="Telemetry: `sql`, tables in the SQL store, or "
        "`cassandra://[USER:PASSWORD@]HOST[,HOST…][:PORT]/KEYSPACE`.",
    )
    documents_url: Annotated[str, AfterValidator(documents)] = Field(
        "sql",
        description="Events and activity: `sql`, tables in the SQL store, or "
        "`mongodb://[USER:PASSWORD@]HOST[,HOST…]/DATABASE`.",
    )
    mongo_driver: Literal["pymongo", "motor"] = Field(
        "pymongo", description="Driver for MongoDB; `motor` needs the extra `iotflow[motor]`."
    )
    cache_url: Annotated[str, AfterValidator(cache)] = Field(
        "memory",
        description="Identities, latest values, presence, limits: `memory` of one process, or "
        "`redis://[USER:PASSWORD@]HOST[:PORT][/NUMBER]`, `rediss://` with TLS.",
    )
    retention_days: int = Field(
        90,
        ge=0,
        le=3_650,
        description="Days to keep telemetry, counted from its receipt; 0: without limit. "
        "A change applies to data received afterwards.",
    )
    event_retention_days: int = Field(365, ge=0, le=3_650, description="Days to keep events; 0: without limit.")
    online_window_seconds: int = Field(
        300, ge=1, le=86_400, description="Seconds since its last request during which a device is online."
    )
    token_lifetime_seconds: int = Field(
        86_400, ge=60, le=31_536_000, description="Lifetime of an access token, in seconds.", examples=[86_400]
    )
    registration: Literal["open", "closed"] = Field(
        "open", description="`closed`: only administrators create accounts."
    )
    login_attempts_per_account: int = Field(
        10, ge=1, le=1_000, description="Wrong passwords for one account within the login window."
    )
    login_attempts_per_address: int = Field(
        50,
        ge=1,
        le=100_000,
        description="Wrong passwords from one address within the login window.",
    )
    login_window_seconds: int = Field(300, ge=1, le=86_400, description="The login window, in seconds.")
    max_body_bytes: int = Field(MiB, ge=1_024, le=256 * MiB, description="The largest request body, in bytes.")
    max_batch_bytes: int = Field(
        16 * MiB, ge=1_024, le=1_024 * MiB, description="The largest telemetry batch, decompressed, in bytes."
    )
    max_devices_per_account: int = Field(
        100_000, ge=1, le=10_000_000, description="Devices of an account; a further one is refused with 409."
    )
    max_body_bytes_in_flight: int = Field(
        64 * MiB,
        ge=65_536,
        le=4_096 * MiB,
        description="Request bodies that a process holds at a time, in bytes, half of it for one address; "
        "at least four times the largest body or batch.",
    )
    trusted_proxies: Annotated[list[IPv4Network | IPv6Network], NoDecode, BeforeValidator(networks)] = Field(
        [],
        description="Addresses or networks of proxies, comma separated, whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are trusted.",
    )
    max_connections: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Open connections of a worker, a quarter of them from one address; 0 is three quarters of its file "
        "descriptors, at most 16,384.",
    )
    max_requests_in_flight: int = Field(
        320,
        ge=1,
        le=100_000,
        description="Requests that a worker processes at a time, four fifths of them from one address.",
    )
    cors_origins: Annotated[list[str], NoDecode, BeforeValidator(origins)] = Field(
        [], description="Origins, comma separated, whose pages may call the API from a browser."
    )
    device_requests_per_second: int = Field(
        1_000, ge=0, le=1_000_000, description="Requests a second of one device, ten times that at once; 0: no limit."
    )
    device_points_per_second: int = Field(
        1_000_000,
        ge=0,
        le=1_000_000_000,
        description="Values a second of one device, ten times that at once; 0: no limit.",
    )
    account_requests_per_second: int = Field(
        10_000, ge=0, le=1_000_000, description="Requests a second of one account, ten times that at once; 0: no limit."
    )
    registrations_per_address: int = Field(
        100, ge=0, le=1_000_000, description="Registrations from one address at once, then one a second; 0: no limit."
    )
    failed_credentials_per_address: int = Field(
        1_000,
        ge=0,
        le=1_000_000,
        description="Unknown keys and tokens from one address at once, then one a second; 0: no limit.",
    )
    webhook_allowed_networks: Annotated[list[IPv4Network | IPv6Network], NoDecode, BeforeValidator(networks)] = Field(
        [], description="Networks, comma separated, that webhooks may reach although they are not public."
    )
    smtp_url: str = Field(
        "",
        description="SMTP server for e-mails about alerts: `smtp://[USER:PASSWORD@]HOST[:PORT]`, `smtps://` with TLS "
        "from the beginning; without it none are sent.",
    )
    mail_from: str = Field("", description="Address that e-mails are sent from, like `iotflow@example.org`.")
    mail_interval_seconds: int = Field(
        300, ge=1, le=21_600, description="The least time between two e-mails to one account, in seconds."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Minimum severity of log lines."
    )
    log_format: LogFormat = Field("text", description="`json` logs one JSON object a line.")

    metrics_token: str = Field(
        "",
        description="Token with which Prometheus reads `GET /metrics`, at least 16 visible ASCII characters; "
        "without it the path does not exist.",
    )
    metrics_port: int = Field(
        0, ge=0, le=65_535, description="A separate port for `GET /metrics`, on the same address; 0: none."
    )
    drain_seconds: int = Field(
        0,
        ge=0,
        le=300,
        description="Seconds after SIGTERM during which the service still answers, `/health/ready` with 503.",
    )

    @property
    def exposes_metrics(self) -> bool:
        """Whether anything may read the service's metrics."""
        return bool(self.metrics_token or self.metrics_port)

    @property
    def smtp(self) -> SmtpAddress | None:
        """The SMTP server for e-mails about alerts; None: none are sent."""
        return parse_smtp_url(self.smtp_url, self.mail_from) if self.smtp_url else None

    @property
    def login_limits(self) -> LoginLimits:
        """Limits on wrong passwords."""
        return LoginLimits(self.login_attempts_per_account, self.login_attempts_per_address, self.login_window_seconds)

    @property
    def rates(self) -> Rates:
        """Rate limits of devices, accounts and client networks."""
        return Rates(
            self.device_requests_per_second,
            self.device_points_per_second,
            self.account_requests_per_second,
            self.registrations_per_address,
            self.failed_credentials_per_address,
        )

    @field_validator("metrics_token")
    @classmethod
    def _strong_token(cls, token: str) -> str:
        if token and not re.fullmatch(r"[!-~]{16,}", token):
            raise ValueError("expected at least 16 visible ASCII characters, like those of `openssl rand -hex 16`")
        return token

    @field_validator("cors_origins")
    @classmethod
    def _whole_origins(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            scheme, _, host = origin.partition("://")
            if scheme not in ("http", "https") or not host or "/" in host or "*" in host:
                raise ValueError(
                    f"{origin!r} is not an origin; expected scheme://host[:port], like https://app.example.org"
                )
        return origins

    @model_validator(mode="before")
    @classmethod
    def _default_database(cls, values: dict[str, object]) -> dict[str, object]:
        if not values.get("database_url"):
            data_dir = Path(str(values.get("data_dir") or "data"))
            values = {**values, "database_url": f"sqlite+aiosqlite:///{data_dir / 'iotflow.db'}"}
        return values

    @model_validator(mode="after")
    def _whole_mail_settings(self) -> Self:
        try:
            address = self.smtp
        except ValueError as error:
            raise ValueError(f"IOTFLOW_SMTP_URL: {error}") from None
        if address is not None and not re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9.-]+", self.mail_from):
            raise ValueError("IOTFLOW_MAIL_FROM: needed with IOTFLOW_SMTP_URL; expected an address like a@example.org")
        return self

    @model_validator(mode="after")
    def _room_for_bodies(self) -> Self:
        largest = max(self.max_body_bytes, self.max_batch_bytes)
        if self.max_body_bytes_in_flight < 4 * largest:
            raise ValueError(
                f"IOTFLOW_MAX_BODY_BYTES_IN_FLIGHT: too small for bodies of {largest} bytes; expected at least "
                f"{4 * largest}, or less for IOTFLOW_MAX_BODY_BYTES and IOTFLOW_MAX_BATCH_BYTES"
            )
        return self

    @model_validator(mode="after")
    def _known_database(self) -> Self:
        try:
            check_sql_url(self.database_url)
        except ValueError as error:
            raise ValueError(f"IOTFLOW_DATABASE_URL: {error}") from None
        return self


def load_settings(**overrides: object) -> Settings:
    """Load the settings from the environment, with overrides by field name. Raises InvalidSettings."""
    lines = _renamed()
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the names and values
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = f"{_variable(str(problem['loc'][0]))}: " if problem["loc"] else ""
            expected = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}{expected[0].lower() + expected[1:] if name else expected}")
        raise InvalidSettings("\n".join(lines)) from None
    if lines:
        raise InvalidSettings("\n".join(lines))
    return settings


def _renamed() -> list[str]:
    """Return a line for each former name that is set. Names of settings are case-insensitive."""
    names = {name.upper() for name in os.environ}
    return [
        f"{_variable(old)}: this setting was renamed; set {_variable(new)}"
        for old, new in RENAMED.items()
        if _variable(old) in names
    ]


def _variable(field: str) -> str:
    return f"IOTFLOW_{field.upper()}"
