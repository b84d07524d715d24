/** A person and a device use the service through openapi-fetch, typed by openapi-typescript: fetch.js BASE_URL */
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const password = "correct horse";
const baseUrl = process.argv[2]!;

function found<T>({ data, error }: { data?: T; error?: unknown }): T {
  assert.equal(error, undefined);
  return data!;
}

const anyone = createClient<paths>({ baseUrl });
const account = { username: "openapi-fetch", email: "fetch@example.org", password };
found(await anyone.POST("/api/v1/auth/register", { body: account }));
const login = found(await anyone.POST("/api/v1/auth/login", { body: { username: account.username, password } }));
const person = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${login.access_token}` } });

const registered = found(
  await person.POST("/api/v1/devices/register", {
    body: { name: "greenhouse-1", device_type: "weather_station", location: "Bench 3" },
  }),
).device;
const device = createClient<paths>({ baseUrl, headers: { "X-API-Key": registered.api_key } });
const path = { device_id: registered.id };

const noon = new Date("2026-01-31T12:00:00.123Z");
const earlier = (hours: number) => new Date(noon.getTime() - hours * 3_600_000).toISOString();
const data = { temperature: 16_777_217.25, counter: Number.MAX_SAFE_INTEGER, door_open: false, mode: "eco" };
const accepted = found(await device.POST("/api/v1/telemetry", { body: { data, timestamp: noon.toISOString() } }));
assert.deepEqual([accepted.accepted, accepted.timestamp], [4, noon.toISOString()]);

const batch = [1, 2, 3, 4, 5].map((hour) => ({ timestamp: earlier(hour), data: { temperature: hour } }));
assert.equal(found(await device.POST("/api/v1/telemetry/batch", { body: batch })).accepted, 5);

const latest = found(await person.GET("/api/v1/telemetry/{device_id}/latest", { params: { path } }));
const values = Object.fromEntries(Object.entries(latest.latest_data).map(([name, { value }]) => [name, value]));
assert.deepEqual(values, data);

const times: string[] = [];
let cursor: string | null = null;
for (let number = 0; number < 3; number++) {
  const query: { limit: number; cursor?: string; start_time?: string } =
    cursor === null ? { limit: 2, start_time: "2026-01-31T00:00:00Z" } : { limit: 2, cursor };
  const answer = await person.GET("/api/v1/telemetry/{device_id}", { params: { path, query } });
  const page = found(answer);
  times.push(...page.data.map((record) => record.timestamp));
  cursor = page.next_cursor;
}
assert.deepEqual(times, [0, 1, 2, 3, 4, 5].map(earlier));
assert.equal(cursor, null);

const updated = found(
  await person.PATCH("/api/v1/devices/{device_id}", { params: { path }, body: { location: null } }),
).device;
assert.deepEqual([updated.location, updated.name], [null, "greenhouse-1"]);

const invalid = await device.POST("/api/v1/telemetry", { body: { data: {} } });
assert.deepEqual([invalid.error?.status, invalid.error?.errors?.[0]?.loc], [422, ["body", "data"]]);
const missing = await person.GET("/api/v1/devices/{device_id}", { params: { path: { device_id: registered.id + 1 } } });
assert.equal(missing.error?.status, 404);
console.log("ok");
