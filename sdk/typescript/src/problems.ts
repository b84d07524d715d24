import type { components } from "./schema.js";

/** What the service answers to a request that it refuses (RFC 9457). */
export type Problem = components["schemas"]["Problem"];

/** An answer that reports a problem. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(
    readonly problem: Problem,
    /** The answer, for its headers; its body has been read. */
    readonly response: Response,
  ) {
    super(`${problem.status} ${problem.title}: ${problem.detail}`);
  }

  /** The HTTP status. */
  get status(): number {
    return this.problem.status;
  }
}

/** What a method of the client returns. */
interface Result<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** Return the data of a call. Throws ProblemError if the service refused it. */
export async function unwrap<Data>(call: Promise<Result<Data>>): Promise<Data> {
  const { data, error, response } = await call;
  if (response.ok) {
    return data as Data;
  }
  throw new ProblemError(isProblem(error) ? error : problemOf(response, error), response);
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "status" in error && "detail" in error && "type" in error;
}

/** Return a problem for an answer of a proxy, which has none. */
function problemOf(response: Response, body: unknown): Problem {
  return {
    type: "about:blank",
    title: response.statusText,
    status: response.status,
    detail: typeof body === "string" ? body : "",
    instance: new URL(response.url || "http://unknown/").pathname,
    request_id: response.headers.get("X-Request-ID") ?? "",
  };
}
