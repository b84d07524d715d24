/** A person and a device use the service through the client of @hey-api/openapi-ts: sdk.js BASE_URL */
import assert from "node:assert/strict";
import { createClient } from "./client/client/index.js";
import * as iotflow from "./client/sdk.gen.js";

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
const data = { temperature: 16_777_217.25, counter: Number.MAX_SAFE_INTEGER, door_open: false, mode: "eco" };
const accepted = found(
  await iotflow.submitTelemetry({ client: device, body: { data, timestamp: noon.toISOString() } }),
);
assert.deepEqual([accepted.accepted, accepted.timestamp], [4, noon.toISOString()]);
const latest = found(await iotflow.getLatestTelemetry({ client: person, path }));
assert.deepEqual(latest.latest_data["temperature"]?.value, data.temperature);
const updated = found(await iotflow.updateDevice({ client: person, path, body: { location: null } })).device;
assert.equal(updated.location, null);
const invalid = await iotflow.submitTelemetry({ client: device, body: { data: {} } });
assert.deepEqual([invalid.error?.status, invalid.error?.errors?.[0]?.loc], [422, ["body", "data"]]);
const missing = await iotflow.getDevice({ client: person, path: { device_id: registered.id + 1 } });
assert.equal(missing.error?.status, 404);
console.log("ok");
