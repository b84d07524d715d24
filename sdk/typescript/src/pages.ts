import type { Client } from "./client.js";
import { unwrap } from "./problems.js";
import type { components, operations } from "./schema.js";

export type TelemetryRecord = components["schemas"]["TelemetryRecord"];
export type FeedRecord = components["schemas"]["UserRecord"];
export type Event = components["schemas"]["Event"];

/** Parameters of a first page; the iterators add the cursors of the others. */
type Query<Operation extends keyof operations> = Omit<NonNullable<operations[Operation]["parameters"]["query"]>, "cursor">;
export type HistoryQuery = Query<"get_telemetry">;
export type FeedQuery = Query<"list_telemetry_of_user">;
export type EventQuery = Query<"list_events">;

interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

/** Yield the records of a device. `limit` is the size of a page, not of the whole. */
export function iterateHistory(client: Client, deviceId: number, query: HistoryQuery = {}): AsyncGenerator<TelemetryRecord> {
  return iterate(async (cursor) => {
    const params = { path: { device_id: deviceId }, query: { ...query, ...cursor } };
    const { data, next_cursor } = await unwrap(client.GET("/api/v1/telemetry/{device_id}", { params }));
    return { items: data, next_cursor };
  });
}

/** Yield the records of all devices of a user, newest first; `me` is the caller. */
export function iterateFeed(client: Client, userId = "me", query: FeedQuery = {}): AsyncGenerator<FeedRecord> {
  return iterate(async (cursor) => {
    const params = { path: { user_id: userId }, query: { ...query, ...cursor } };
    const { telemetry, next_cursor } = await unwrap(client.GET("/api/v1/telemetry/user/{user_id}", { params }));
    return { items: telemetry, next_cursor };
  });
}

/** Yield the events of the caller's resources, newest first; an administrator reads those of all users. */
export function iterateEvents(client: Client, query: EventQuery = {}): AsyncGenerator<Event> {
  return iterate(async (cursor) => {
    const params = { query: { ...query, ...cursor } };
    const { events, next_cursor } = await unwrap(client.GET("/api/v1/events", { params }));
    return { items: events, next_cursor };
  });
}

async function* iterate<Item>(read: (cursor: { cursor?: string }) => Promise<Page<Item>>): AsyncGenerator<Item> {
  let next: string | null = null;
  do {
    const page: Page<Item> = await read(next === null ? {} : { cursor: next });
    yield* page.items;
    next = page.next_cursor;
  } while (next !== null);
}
