import createFetchClient from "openapi-fetch";
import { unwrap } from "./problems.js";
import type { paths } from "./schema.js";
import type { Send } from "./send.js";

/** The API key of a device; a token (a personal access token, or one from a login); or a username and its password. */
export type Credentials = { deviceKey: string } | { token: string } | { username: string; password: string };

/** Return a `send` that adds credentials to each request. */
export function authenticate(send: Send, credentials: Credentials, baseUrl: string): Send {
  if ("deviceKey" in credentials) {
    return (request) => send(withHeader(request, "X-API-Key", credentials.deviceKey));
  }
  if ("token" in credentials) {
    return (request) => send(withHeader(request, "Authorization", `Bearer ${credentials.token}`));
  }
  const anyone = createFetchClient<paths>({ baseUrl, fetch: send });
  return sendLoggedIn(send, async () => {
    const { access_token } = await unwrap(anyone.POST("/api/v1/auth/login", { body: credentials }));
    return access_token;
  });
}

/** Log in before the first request, and again when the service rejects the token, which expires. */
function sendLoggedIn(send: Send, login: () => Promise<string>): Send {
  let current: Promise<string> | undefined;

  /** Return the token, of one login for all requests that wait for it. */
  function token(): Promise<string> {
    if (current === undefined) {
      const started = login();
      current = started;
      started.catch(() => forget(started));
    }
    return current;
  }

  function forget(rejected: Promise<string>): void {
    if (current === rejected) {
      current = undefined;
    }
  }

  return async (request) => {
    const repeated = request.clone();
    const used = token();
    const answer = await send(withHeader(request, "Authorization", `Bearer ${await used}`));
    if (answer.status !== 401) {
      return answer;
    }
    await answer.body?.cancel();
    forget(used);
    return send(withHeader(repeated, "Authorization", `Bearer ${await token()}`));
  };
}

function withHeader(request: Request, name: string, value: string): Request {
  request.headers.set(name, value);
  return request;
}
