import type { Send } from "./send.js";

export interface RetryOptions {
  /** How often a request is sent at most. Default: 4. */
  attempts?: number;
  /** The longest wait before a repetition, in milliseconds. A longer `Retry-After` ends the attempts. Default: 30,000. */
  maxDelayMs?: number;
}

const IDEMPOTENT_METHODS = new Set(["GET", "HEAD", "PUT", "DELETE"]);
// Each record of a batch has its time, so a batch that is sent again stores nothing twice.
const BATCH = /\/telemetry\/(\d+\/)?batch$/;
const TEMPORARY = new Set([429, 502, 503, 504]);
const FIRST_DELAY_MS = 500;

/** Return a `send` that repeats idempotent requests after `Retry-After`, or after a delay that doubles. */
export function retry(send: Send, { attempts = 4, maxDelayMs = 30_000 }: RetryOptions = {}): Send {
  return async (request) => {
    for (let attempt = 1; attempt < attempts && isIdempotent(request); attempt++) {
      const outcome = await send(request.clone()).catch((error: unknown) => ({ error }));
      const answer = outcome instanceof Response ? outcome : undefined;
      if (answer !== undefined && !TEMPORARY.has(answer.status)) {
        return answer;
      }
      const delayMs = retryAfterMs(answer) ?? FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      if (answer !== undefined && delayMs > maxDelayMs) {
        return answer;
      }
      await answer?.body?.cancel();
      await sleep(Math.min(delayMs, maxDelayMs), request.signal);
    }
    return send(request);
  };
}

function isIdempotent(request: Request): boolean {
  return (
    IDEMPOTENT_METHODS.has(request.method) ||
    request.headers.has("Idempotency-Key") ||
    BATCH.test(new URL(request.url).pathname)
  );
}

/** Return the wait that the service asks for, in milliseconds, or undefined. */
function retryAfterMs(answer: Response | undefined): number | undefined {
  const value = answer?.headers.get("Retry-After");
  return value && /^\d+$/.test(value) ? Number(value) * 1_000 : undefined;
}

/** Wait, or throw the signal's reason as soon as it aborts. */
function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, delayMs);
    signal.addEventListener("abort", abort, { once: true });
  });
}
