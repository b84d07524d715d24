"""All metrics of the service. docs/observability.md lists them; a test compares the two.

Names and units follow https://prometheus.io/docs/practices/naming/.
"""

from iotflow.metrics.counting import Counter, Gauge, Histogram

REQUEST_BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
CALL_BOUNDS_S = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
WAIT_BOUNDS_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)

REQUESTS = Counter(
    "iotflow_http_requests",
    "Answered requests; `route` is the path's template, `unmatched` for a path without a route, and `refused` for a "
    "request that never reached a route; `status` is 499 when the client left.",
    ("method", "route", "status"),
)
REQUEST_DURATION = Histogram(
    "iotflow_http_request_duration_seconds",
    "Time from a request's head to the end of its answer.",
    ("method", "route"),
    bounds=REQUEST_BOUNDS_S,
)
STORE_CALLS = Counter(
    "iotflow_store_calls",
    "Calls of the stores; `outcome` is `ok`, `unavailable`, `refused` by a rule, `cancelled`, or `error`.",
    ("interface", "operation", "outcome"),
)
STORE_CALL_DURATION = Histogram(
    "iotflow_store_call_duration_seconds",
    "Duration of a call of a store, waiting included; of a transaction from its begin to its end.",
    ("interface", "operation"),
    bounds=CALL_BOUNDS_S,
)
POOL_SIZE = Gauge("iotflow_pool_connections", "Maximum number of connections of a pool.", ("pool",))
POOL_IN_USE = Gauge("iotflow_pool_in_use", "Connections of a pool that are in use.", ("pool",))
POOL_WAIT = Histogram(
    "iotflow_pool_wait_seconds",
    "Time that a caller waited for a connection of a pool, of those that had to wait.",
    ("pool",),
    bounds=WAIT_BOUNDS_S,
)
OPEN_CIRCUITS = Gauge(
    "iotflow_open_circuits", "Processes whose circuit breaker of the store is open: calls fail at once.", ("store",)
)
CACHE_LOOKUPS = Counter(
    "iotflow_cache_lookups", "Look-ups in a cache; `result` is `hit` or `miss`.", ("cache", "result")
)
CACHE_ENTRIES = Gauge("iotflow_cache_entries", "Entries of a cache in the memory of the processes.", ("cache",))
CACHE_BYTES = Gauge("iotflow_cache_bytes", "Size of a cache in the memory of the processes.", ("cache",))
POINTS_STORED = Counter("iotflow_points_stored", "Measured values that were stored.")
RECORDS_STORED = Counter("iotflow_records_stored", "Records that were stored.")
RECORDS_REJECTED = Counter(
    "iotflow_records_rejected",
    "Records that were refused; `reason` is `invalid` for a form or a value that breaks a rule, `time`, or "
    "`names` for too many names of a device.",
    ("reason",),
)
OPEN_STREAMS = Gauge("iotflow_open_streams", "Open streams of live events.")
STREAM_EVENTS = Counter("iotflow_stream_events", "Live events that were sent, each once for each stream.")
STREAMS_ENDED = Counter(
    "iotflow_streams_ended",
    "Streams that the service ended; `reason` is `slow` for a slow reader, `credentials` that ended, `deleted` for the "
    "device, or `stopping`.",
    ("reason",),
)
OUTBOX_MESSAGES = Gauge(
    "iotflow_outbox_messages",
    "Messages of a topic that wait for the relay, counted up to 10,000; `purge_telemetry` are purges.",
    ("topic",),
    merge="max",
)
DELIVERIES = Counter(
    "iotflow_deliveries",
    "Attempts to deliver notifications of alerts; `outcome` is `delivered`, `retried`, `dead` after the last attempt, "
    "or `dropped` by a limit.",
    ("channel", "outcome"),
)
DELIVERIES_WAITING = Gauge(
    "iotflow_deliveries_waiting",
    "Deliveries that wait for their next attempt, counted up to 10,000.",
    merge="max",
)
GROUP_COMMIT_WAITING = Gauge(
    "iotflow_group_commit_waiting", "Writes that wait for the next flush of a group commit.", ("store",)
)
LOOP_LAG = Histogram(
    "iotflow_event_loop_lag_seconds",
    "Delay of a timer of the event loop: the time for which requests had to wait for other work.",
    bounds=WAIT_BOUNDS_S,
)
LIMITS_MET = Counter("iotflow_limits_met", "Times that a client met a limit.", ("limit",))
OBSERVER_FAILURES = Counter(
    "iotflow_observer_failures", "Failures of work that follows a stored record, such as the cache of latest values."
)
WORKERS = Gauge("iotflow_workers", "Processes that serve requests.")
BUILD_INFO = Gauge("iotflow_build_info", "Always 1, with the versions as labels.", ("version", "python"), merge="max")
PROCESS_CPU = Counter("process_cpu_seconds", "CPU time of all processes that serve requests.")
PROCESS_MEMORY = Gauge("process_resident_memory_bytes", "Resident memory of all processes that serve requests.")
PROCESS_DESCRIPTORS = Gauge("process_open_fds", "Open file descriptors of all processes that serve requests.")
