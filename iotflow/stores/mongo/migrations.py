"""The numbered migrations of the documents: which one the database has, which one the code wants, and the way there.

Each is a file in `migrations/mongo`, in a wheel beside this package: commands of MongoDB as JSON, to be run in their
order. Each command may be repeated, so that a migration that was cut short is simply run again.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pymongo.errors import OperationFailure

import iotflow
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.mongo.connection import POINT_TIMEOUT_S, STORE, Mongo
from iotflow.stores.mongo.documents import Document
from iotflow.stores.mongo.lease import held_lease

COMMAND_TIMEOUT_S = 600.0
"""An index over many documents takes its time."""
WAIT_S = 60.0
COLLECTION = "migrations"

NAMESPACE_EXISTS = 48

_PACKAGE = Path(iotflow.__file__).parent
_IN_WHEEL = _PACKAGE / "migrations" / "mongo"
DIRECTORY = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent / "migrations" / "mongo"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: `version` is its number, `description` the rest of its file's name."""

    version: str
    description: str
    commands: Sequence[Document]


def migrations() -> list[Migration]:
    """All steps, in their order."""
    found = []
    for file in sorted(DIRECTORY.glob("*.json")):
        match = re.fullmatch(r"(\d{4})_(\w+)", file.stem)
        assert match is not None, f"{file} has no number"
        found.append(Migration(match[1], match[2].replace("_", " "), json.loads(file.read_text("utf-8"))))
    return found


def wanted_version() -> str:
    """The version that this code needs."""
    return migrations()[-1].version


async def stored_version(mongo: Mongo) -> str | None:
    """The version that the database has; None before the first migration. Raises StoreUnavailable."""
    async with mongo.operation(POINT_TIMEOUT_S) as client:
        last = await client.database[COLLECTION].find_one({}, sort=[("_id", -1)])
    return None if last is None else str(last["_id"])


def pending(stored: str | None) -> list[str]:
    """What `upgrade` would do to a database of that version, a line for each command."""
    return [
        f"{migration.version} {migration.description}: {_line(command)}"
        for migration in _missing(stored)
        for command in migration.commands
    ]


async def upgrade(mongo: Mongo) -> None:
    """Bring the database to the wanted version; of several who do so at once, one after the other.

    Raises StoreUnavailable, also for a version that this code does not know: a newer one's.
    """
    async with held_lease(mongo, WAIT_S):
        stored = await stored_version(mongo)
        if stored is not None and stored > wanted_version():
            raise StoreUnavailable(STORE, f"its schema is of a newer version of IoTFlow: {stored}")
        for migration in _missing(stored):
            for command in migration.commands:
                await _run(mongo, command)
            await _record(mongo, migration)


def _missing(stored: str | None) -> list[Migration]:
    return [migration for migration in migrations() if stored is None or migration.version > stored]


async def _run(mongo: Mongo, command: Document) -> None:
    async with mongo.operation(COMMAND_TIMEOUT_S) as client:
        try:
            await client.database.command(command)
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:
                raise


async def _record(mongo: Mongo, migration: Migration) -> None:
    applied = {"$set": {"description": migration.description}, "$currentDate": {"applied_at": True}}
    async with mongo.operation(POINT_TIMEOUT_S) as client:
        await client.database[COLLECTION].update_one({"_id": migration.version}, applied, upsert=True)


def _line(command: Document) -> str:
    """`createIndexes events: by_time, by_user`."""
    name, collection = next(iter(command.items()))
    indexes = ", ".join(index["name"] for index in command.get("indexes", []))
    return f"{name} {collection}{': ' if indexes else ''}{indexes}"
