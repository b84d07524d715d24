"""Argon2 at the least cost: at that of the service, half of the work of many tests is hashing."""

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

CHEAP_ARGON2 = PasswordHash((Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1),))
