import createFetchClient from "openapi-fetch";
import type { Client as FetchClient } from "openapi-fetch";
import { authenticate } from "./credentials.js";
import type { Credentials } from "./credentials.js";
import { retry } from "./retries.js";
import type { RetryOptions } from "./retries.js";
import type { paths } from "./schema.js";
import type { Send } from "./send.js";

/** A client with a method for each HTTP method, typed by the path: `client.GET("/api/v1/devices/{device_id}", …)`. */
export type Client = FetchClient<paths>;

export interface ClientOptions {
  /** Address of the service, without `/api/v1`. */
  baseUrl: string;
  /** Whom requests are sent for. Without credentials only the public routes answer. */
  credentials?: Credentials;
  /** When failed requests are repeated. */
  retry?: RetryOptions;
  /** Replaces the global `fetch`. */
  fetch?: Send;
}

/** Return a client that authenticates each request and repeats idempotent requests that failed for a moment. */
export function createClient({ baseUrl, credentials, retry: options, fetch }: ClientOptions): Client {
  const send = retry(fetch ?? ((request) => globalThis.fetch(request)), options);
  return createFetchClient<paths>({
    baseUrl,
    fetch: credentials === undefined ? send : authenticate(send, credentials, baseUrl),
  });
}
