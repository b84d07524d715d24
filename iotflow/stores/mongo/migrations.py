"""Schema migrations of the documents.

Each is a numbered file in `migrations/mongo`, in a wheel beside this package: commands of MongoDB as JSON, in order.
Each command is idempotent: an interrupted migration is run again.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pymongo.errors import OperationFailure

import iotflow
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.mongo.bson import Document
from iotflow.stores.mongo.connection import SHORT_TIMEOUT_S, STORE, Mongo
from iotflow.stores.mongo.lease import hold_lease

COMMAND_TIMEOUT_S = 600.0
"""Building an index over many documents takes minutes."""
LEASE_WAIT_S = 60.0
COLLECTION = "migrations"

NAMESPACE_EXISTS = 48

_PACKAGE = Path(iotflow.__file__).parent
_IN_WHEEL = _PACKAGE / "migrations" / "mongo"
DIRECTORY = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent / "migrations" / "mongo"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. `version` is the number in its file's name, `description` the rest of the name."""

    version: str
    description: str
    commands: Sequence[Document]


def read_migrations() -> list[Migration]:
    """Return all steps in order. Raises ValueError for a file without a number."""
    found = []
    for file in sorted(DIRECTORY.glob("*.json")):
        match = re.fullmatch(r"(\d{4})_(\w+)", file.stem)
        if match is None:
            raise ValueError(f"{file}: no migration; expected a name like 0001_description.json")
        found.append(Migration(match[1], match[2].replace("_", " "), json.loads(file.read_text("utf-8"))))
    return found


def wanted_version() -> str:
    """Return the version that this code needs."""
    return read_migrations()[-1].version


async def stored_version(mongo: Mongo) -> str | None:
    """Return the version of the database; None before the first migration. Raises StoreUnavailable."""
    async with mongo.operation(SHORT_TIMEOUT_S) as client:
        last = await client.database[COLLECTION].find_one({}, sort=[("_id", -1)])
    return None if last is None else str(last["_id"])


def pending(stored: str | None) -> list[str]:
    """Return the commands that `upgrade` would run on a database of that version, a line for each."""
    return [
        f"{migration.version} {migration.description}: {_line(command)}"
        for migration in _missing(stored)
        for command in migration.commands
    ]


async def upgrade(mongo: Mongo) -> None:
    """Migrate the database to the wanted version. Concurrent upgrades wait for each other.

    Raises StoreUnavailable, also for the version of a newer IoTFlow.
    """
    async with hold_lease(mongo, LEASE_WAIT_S):
        stored = await stored_version(mongo)
        if stored is not None and stored > wanted_version():
            raise StoreUnavailable(STORE, f"its schema is of a newer version of IoTFlow: {stored}")
        for migration in _missing(stored):
            for command in migration.commands:
                await _run(mongo, command)
            await _record(mongo, migration)


def _missing(stored: str | None) -> list[Migration]:
    return [migration for migration in read_migrations() if stored is None or migration.version > stored]


async def _run(mongo: Mongo, command: Document) -> None:
    async with mongo.operation(COMMAND_TIMEOUT_S) as client:
        try:
            await client.database.command(command)
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:
                raise


async def _record(mongo: Mongo, migration: Migration) -> None:
    applied = {"$set": {"description": migration.description}, "$currentDate": {"applied_at": True}}
    async with mongo.operation(SHORT_TIMEOUT_S) as client:
        await client.database[COLLECTION].update_one({"_id": migration.version}, applied, upsert=True)


def _line(command: Document) -> str:
    """Return a command in a line, such as `createIndexes events: by_time, by_user`."""
    name, collection = next(iter(command.items()))
    indexes = ", ".join(index["name"] for index in command.get("indexes", []))
    return f"{name} {collection}{': ' if indexes else ''}{indexes}"


class MongoSchema:
    """The schema version of the documents' database; implements `SchemaVersion` of `iotflow.databases`."""

    def __init__(self, mongo: Mongo) -> None:
        self.wanted = wanted_version()
        self._mongo = mongo

    async def stored(self) -> str | None:
        return await stored_version(self._mongo)

    def pending(self, stored: str | None) -> Sequence[str]:
        return pending(stored)

    async def conversion(self, stored: str | None) -> str | None:
        return None

    async def upgrade(self) -> None:
        await upgrade(self._mongo)
