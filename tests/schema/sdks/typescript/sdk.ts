/** A person and a device use the service through the client of @hey-api/openapi-ts: sdk.js BASE_URL */
import assert from "node:assert/strict";
import { createClient } from "./client/client/index.js";
import * as iotflow from "./client/index.js";

const password = "correct horse";
const baseUrl = process.argv[2]!;

function found<T>({ data, error }: { data?: T; error?: unknown }): T {
  assert.equal(error, undefined);
  return data!;
}

const anyone = createClient({ baseUrl });
const account = { username: "hey-api", email: "hey@example.org", password };
found(await iotflow.registerUser({ client: anyone, body: account }));
const login = found(await iotflow.login({ client: anyone, body: { username: account.username, password } }));
const person = createClient({ baseUrl, headers: { Authorization: `Bearer ${login.access_token}` } });

const registered = found(
  await iotflow.registerDevice({
    client: person,
    body: { name: "greenhouse-1", device_type: "weather_station", location: "Bench 3" },
  }),
).device;
const device = createClient({ baseUrl, headers: { "X-API-Key": registered.api_key } });
const path = { device_id: registered.id };

const noon = new Date("2026-01-31T12:00:00.123Z");
const earlier = (hours: number) => new Date(noon.getTime() - hours * 3_600_000).toISOString();
const data = { temperature: 16_777_217.25, counter: Number.MAX_SAFE_INTEGER, door_open: false, mode: "eco" };
const accepted = found(
  await iotflow.submitTelemetry({ client: device, body: { data, timestamp: noon.toISOString() } }),
);
assert.deepEqual([accepted.accepted, accepted.timestamp], [4, noon.toISOString()]);

const batch = [1, 2, 3, 4, 5].map((hour) => ({ timestamp: earlier(hour), data: { temperature: hour } }));
assert.equal(found(await iotflow.submitTelemetryBatch({ client: device, body: batch })).accepted, 5);

const latest = found(await iotflow.getLatestTelemetry({ client: person, path }));
const values = Object.fromEntries(Object.entries(latest.latest_data).map(([name, { value }]) => [name, value]));
assert.deepEqual(values, data);

const times: string[] = [];
let cursor: string | undefined;
for (let number = 0; number < 3; number++) {
  const query = cursor === undefined ? { limit: 2, start_time: "2026-01-31T00:00:00Z" } : { limit: 2, cursor };
  const page: iotflow.TelemetryRecordPage = found(await iotflow.getTelemetry({ client: person, path, query }));
  times.push(...page.data.map((record) => record.timestamp));
  cursor = page.next_cursor ?? undefined;
}
assert.deepEqual(times, [0, 1, 2, 3, 4, 5].map(earlier));
assert.equal(cursor, undefined);

const updated = found(await iotflow.updateDevice({ client: person, path, body: { location: null } })).device;
assert.deepEqual([updated.location, updated.name], [null, "greenhouse-1"]);

const invalid = await iotflow.submitTelemetry({ client: device, body: { data: {} } });
assert.deepEqual([invalid.error?.status, invalid.error?.errors?.[0]?.loc], [422, ["body", "data"]]);
const missing = await iotflow.getDevice({ client: person, path: { device_id: registered.id + 1 } });
assert.equal(missing.error?.status, 404);
console.log("ok");
