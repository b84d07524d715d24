import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, ProblemError, unwrap } from "../src/index.js";

const account = { username: "ada", password: "correct horse battery" };
const me = { params: { path: { user_id: "me" } } };

/** A service that answers with the given responses in turn, and the requests that it received. */
function service(...answers: (Response | Error)[]) {
  const received: { method: string; path: string; headers: Headers; body: string }[] = [];
  return {
    received,
    async fetch(request: Request): Promise<Response> {
      const { method, headers } = request;
      received.push({ method, path: new URL(request.url).pathname, headers, body: await request.text() });
      const answer = answers.shift();
      assert.ok(answer !== undefined, "one request too many");
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

const json = (body: unknown, status = 200, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
const problem = (status: number, headers = {}) =>
  json({ type: "about:blank", title: "T", status, detail: "D", instance: "/", request_id: "r" }, status, headers);
const now = { "Retry-After": "0" };

test("a device sends its key, a token its bearer", async () => {
  const { received, fetch } = service(json({}), json({}));
  await unwrap(createClient({ baseUrl: "http://x", credentials: { deviceKey: "k" }, fetch }).GET("/api/v1/devices/status"));
  await unwrap(createClient({ baseUrl: "http://x", credentials: { token: "iotp_t" }, fetch }).GET("/api/v1/users"));
  assert.equal(received[0]?.headers.get("X-API-Key"), "k");
  assert.equal(received[1]?.headers.get("Authorization"), "Bearer iotp_t");
});

test("requests at one time share a login", async () => {
  const { received, fetch } = service(json({ access_token: "a" }), json({}), json({}));
  const client = createClient({ baseUrl: "http://x", credentials: account, fetch });
  await Promise.all([unwrap(client.GET("/api/v1/users")), unwrap(client.GET("/api/v1/groups"))]);
  assert.deepEqual(JSON.parse(received[0]?.body ?? ""), account);
  assert.deepEqual(received.map(({ path }) => path), ["/api/v1/auth/login", "/api/v1/users", "/api/v1/groups"]);
});

test("an expired token is replaced, and the request repeated with its body", async () => {
  const answers = [json({ access_token: "a" }), problem(401), json({ access_token: "b" }), json({}, 201)];
  const { received, fetch } = service(...answers);
  const client = createClient({ baseUrl: "http://x", credentials: account, fetch });
  await unwrap(client.POST("/api/v1/groups", { body: { name: "north" } }));
  const [, first, , second] = received;
  assert.deepEqual([first?.headers.get("Authorization"), second?.headers.get("Authorization")], ["Bearer a", "Bearer b"]);
  assert.deepEqual([first?.body, second?.body], ['{"name":"north"}', '{"name":"north"}']);
});

test("a rejected password is a problem, and the next request logs in again", async () => {
  const { received, fetch } = service(problem(401), json({ access_token: "a" }), json({}));
  const client = createClient({ baseUrl: "http://x", credentials: account, fetch });
  await assert.rejects(unwrap(client.GET("/api/v1/users/{user_id}", me)), { name: "ProblemError", status: 401 });
  await unwrap(client.GET("/api/v1/users/{user_id}", me));
  assert.equal(received.length, 3);
});

const idempotent = {
  "GET": (client: ReturnType<typeof createClient>) => client.GET("/api/v1/users"),
  "a batch": (client: ReturnType<typeof createClient>) =>
    client.POST("/api/v1/telemetry/batch", { body: [{ timestamp: "2026-01-31T12:00:00Z", data: { a: 1 } }] }),
  "an Idempotency-Key": (client: ReturnType<typeof createClient>) =>
    client.POST("/api/v1/telemetry", { body: { data: { a: 1 } }, headers: { "Idempotency-Key": "1" } }),
};
for (const [name, call] of Object.entries(idempotent)) {
  test(`${name} is repeated after 429, 503 and a broken connection`, async () => {
    const { received, fetch } = service(problem(429, now), problem(503, now), new TypeError("broken"), json({}));
    await unwrap<unknown>(call(createClient({ baseUrl: "http://x", fetch })));
    assert.equal(new Set(received.map(({ body }) => body)).size, 1);
    assert.equal(received.length, 4);
  });
}

test("a request that is not idempotent is sent once", async () => {
  const { received, fetch } = service(problem(503, now));
  const client = createClient({ baseUrl: "http://x", fetch });
  await assert.rejects(unwrap(client.POST("/api/v1/groups", { body: { name: "north" } })), { status: 503 });
  assert.equal(received.length, 1);
});

test("attempts end", async () => {
  const { received, fetch } = service(problem(503, now), problem(503, now));
  const client = createClient({ baseUrl: "http://x", fetch, retry: { attempts: 2 } });
  await assert.rejects(unwrap(client.GET("/api/v1/users")), { status: 503 });
  assert.equal(received.length, 2);
});

test("a Retry-After beyond the longest wait is not waited for", async () => {
  const { received, fetch } = service(problem(429, { "Retry-After": "31" }));
  await assert.rejects(unwrap(createClient({ baseUrl: "http://x", fetch }).GET("/api/v1/users")), { status: 429 });
  assert.equal(received.length, 1);
});

test("an aborted request does not wait", async () => {
  const stop = new AbortController();
  const { fetch } = service(problem(503, { "Retry-After": "20" }));
  const call = createClient({ baseUrl: "http://x", fetch }).GET("/api/v1/users", { signal: stop.signal });
  setImmediate(() => stop.abort());
  await assert.rejects(call, { name: "AbortError" });
});

test("an answer without a problem document is a problem", async () => {
  const { fetch } = service(new Response("<h1>Bad Gateway</h1>", { status: 502, statusText: "Bad Gateway" }));
  const call = createClient({ baseUrl: "http://x", fetch, retry: { attempts: 1 } }).GET("/api/v1/users");
  const error = await unwrap(call).catch((error: unknown) => error);
  assert.ok(error instanceof ProblemError);
  assert.deepEqual([error.status, error.message], [502, "502 Bad Gateway: <h1>Bad Gateway</h1>"]);
});
