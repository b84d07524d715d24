import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, iterateEvents, iterateFeed, iterateHistory } from "../src/index.js";

/** A client of a list of four pages, and the requests that it sent. */
function paged(list: string) {
  const requests: string[] = [];
  const fetch = async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    requests.push(pathname + search);
    const number = requests.length;
    const items = number === 2 ? [] : [{ timestamp: `${number}` }];
    return new Response(JSON.stringify({ [list]: items, next_cursor: number < 4 ? `c${number}` : null }));
  };
  return { requests, client: createClient({ baseUrl: "http://x", fetch }) };
}

const history = paged("data");
const feed = paged("telemetry");
const events = paged("events");
const lists = [
  { path: "/api/v1/telemetry/7", ...history, items: iterateHistory(history.client, 7, { limit: 1 }) },
  { path: "/api/v1/telemetry/user/me", ...feed, items: iterateFeed(feed.client, "me", { limit: 1 }) },
  { path: "/api/v1/events", ...events, items: iterateEvents(events.client, { limit: 1 }) },
];
for (const { path, items, requests } of lists) {
  test(`all pages of ${path} are read, empty ones too`, async () => {
    const times: string[] = [];
    for await (const item of items) times.push(item.timestamp);
    assert.deepEqual(times, ["1", "3", "4"]);
    const cursors = ["", "&cursor=c1", "&cursor=c2", "&cursor=c3"];
    assert.deepEqual(requests, cursors.map((cursor) => `${path}?limit=1${cursor}`));
  });
}

test("a page is read when it is needed", async () => {
  const { requests, client } = paged("data");
  for await (const _ of iterateHistory(client, 7)) break;
  assert.equal(requests.length, 1);
});
