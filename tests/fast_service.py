"""`python -m tests.fast_service serve`: `iotflow serve` for tests of something else than its costs and waits.

Passwords are hashed at the least cost, commits of SQLite are left to the kernel, and the claims of a killed process on
deliveries end soon.
"""

from iotflow.background import deliveries
from iotflow.cli.main import main
from iotflow.services import passwords
from iotflow.stores.sql import sqlite_engine
from tests.cheap_passwords import CHEAP_ARGON2

COMMAND = ("tests.fast_service", "serve")
DELIVERY_LEASE_S = 3

if __name__ == "__main__":
    passwords.ARGON2 = CHEAP_ARGON2
    sqlite_engine.SYNCHRONOUS = "OFF"
    deliveries.LEASE_MS = DELIVERY_LEASE_S * 1_000
    main()
