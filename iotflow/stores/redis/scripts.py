"""Lua scripts that Redis runs atomically. Each touches keys of one hash slot only."""

import hashlib

GET_OR_LEASE = """
local entry = redis.call('HGETALL', KEYS[1])
if #entry > 0 then return entry end
return redis.call('SET', KEYS[2], ARGV[1], 'NX', 'GET', 'PX', ARGV[2]) or ARGV[1]
"""
"""Return the entry's fields; without an entry the lease to fill it, a new one if there is none."""

FILL = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
"""Store the entry if the lease is unchanged."""

MERGE = """
redis.call('DEL', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('EXISTS', KEYS[3]) == 1 then return redis.call('DEL', KEYS[1]) end
local size = tonumber(redis.call('HGET', KEYS[1], '')) or 0
for i = 3, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  local newer = true
  if known then
    local known_time, known_received = string.match(known, '^(%d+) (%d+) ')
    local time, received = string.match(ARGV[i + 1], '^(%d+) (%d+) ')
    known_time, time = tonumber(known_time), tonumber(time)
    newer = time > known_time or time == known_time and tonumber(received) >= tonumber(known_received)
  end
  if newer then
    size = size + #ARGV[i + 1] - (known and #known or -#ARGV[i] - ARGV[2])
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
if size > tonumber(ARGV[1]) then return redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], '', size)
return 1
"""
"""End the lease and merge values into the entry, if there is one.

Drop the entry instead soon after a deletion, and when it would exceed its largest size.
"""

_RESTORED = """
local limit, period = tonumber(ARGV[1]), ARGV[2] * 1000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local restored = tonumber(redis.call('GET', KEYS[1]) or now)
if restored < now or restored > now + period + 1 then restored = now end
"""
"""The time at which the subject has all its units again, in milliseconds.

A time further ahead than the period is from before Redis's clock was set back, and counts as past.
"""

HIT = (
    _RESTORED
    + """
local cost, wait = tonumber(ARGV[3]), 0
local after = restored + math.max(cost, 1) * period / limit
if after - now - period > 0.5 then
  wait = math.ceil(after - now - period)
elseif cost > 0 then
  restored = after
  redis.call('SET', KEYS[1], string.format('%.3f', restored), 'PX', math.max(1, math.ceil(restored - now)))
end
return {math.floor((now + period - restored + 0.5) * limit / period), math.ceil(restored - now), wait}
"""
)
"""Use units if there are enough. Return the units left, the milliseconds until all are back, and until these are."""

REFUND = (
    _RESTORED
    + """
restored = restored - period / limit
if restored <= now then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], string.format('%.3f', restored), 'PX', math.ceil(restored - now))
return 1
"""
)
"""Return one unit."""

MARK_FLUSHED = """
for i = 1, #ARGV, 2 do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 1
"""
"""Remove members whose score is unchanged."""

CLAIM = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local now_us = time[1] * 1000000 + time[2]
local lease, lifetime, most = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local leased = string.format('%d ', now + lease)
local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now_us - lifetime * 1000)
if #expired > 0 then
  redis.call('HDEL', KEYS[1], unpack(expired))
  redis.call('ZREM', KEYS[2], unpack(expired))
end
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if entry then
  local ends, timestamp, fingerprint = string.match(entry, '^(%-?%d+) (%d+) (%x+)$')
  ends = tonumber(ends)
  if ends < 0 then return {2, timestamp, fingerprint} end
  if ends > now and ends <= now + lease or fingerprint ~= ARGV[2] then return {1, timestamp, fingerprint} end
  redis.call('HSET', KEYS[1], ARGV[1], leased .. timestamp .. ' ' .. fingerprint)
  return {0, timestamp, fingerprint}
end
local held = redis.call('ZCARD', KEYS[2])
if held == 0 then redis.call('DEL', KEYS[1]) end
if held >= most then redis.call('HDEL', KEYS[1], redis.call('ZPOPMIN', KEYS[2])[1]) end
redis.call('HSET', KEYS[1], ARGV[1], leased .. ARGV[3] .. ' ' .. ARGV[2])
redis.call('ZADD', KEYS[2], now_us, ARGV[1])
redis.call('PEXPIRE', KEYS[1], lifetime)
redis.call('PEXPIRE', KEYS[2], lifetime)
return {0, ARGV[3], ARGV[2]}
"""
"""Return the first claim of a key: its state, time and fingerprint. Make one if there is none; drop the oldest keys.

A lease that ends further ahead than its length is from before Redis's clock was set back, and counts as past. If Redis
evicted the order, the claims are dropped too, since nothing else would ever remove them.
"""

SET_LEASE = """
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if entry then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. string.match(entry, ' .*$')) end
return 1
"""
"""Replace the end of a claim's lease."""

COMPARE_AND_SET = """
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then return stored end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
"""Replace a string if it is the one expected ('' for none), else return it."""

APPEND_EVENTS = """
for i = 4, #ARGV do
  local id = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], '*', 'event', ARGV[i])
  redis.call('PUBLISH', ARGV[3], id .. ' ' .. ARGV[i])
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
"""Add events to a log of bounded length and lifetime, and publish each with its id."""

ALL = (GET_OR_LEASE, FILL, MERGE, HIT, REFUND, MARK_FLUSHED, CLAIM, SET_LEASE, COMPARE_AND_SET, APPEND_EVENTS)


class Scripts:
    """The scripts of one prefix.

    Their text contains the prefix, so that no other service loads them. A server that was restarted, or that replaced
    another one, has none of them: its error shows that its entries are unknown.
    """

    def __init__(self, prefix: str) -> None:
        self._texts = {script: f"-- {prefix}{script}" for script in ALL}
        self._digests = {
            script: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
            for script, text in self._texts.items()
        }

    @property
    def load_commands(self) -> list[tuple[str, str, str]]:
        """The commands that load all scripts."""
        return [("SCRIPT", "LOAD", text) for text in self._texts.values()]

    def command(
        self, script: str, keys: tuple[str, ...], *arguments: str | bytes | int
    ) -> tuple[str | bytes | int, ...]:
        """Return the command that runs a script."""
        return ("EVALSHA", self._digests[script], len(keys), *keys, *arguments)
