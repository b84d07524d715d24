export { createClient } from "./client.js";
export type { Client, ClientOptions } from "./client.js";
export type { Credentials } from "./credentials.js";
export { iterateEvents, iterateFeed, iterateHistory } from "./pages.js";
export type { Event, EventQuery, FeedQuery, FeedRecord, HistoryQuery, TelemetryRecord } from "./pages.js";
export { ProblemError, unwrap } from "./problems.js";
export type { Problem } from "./problems.js";
export type { RetryOptions } from "./retries.js";
export type { components, operations, paths } from "./schema.js";
