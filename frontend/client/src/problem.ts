/** The errors a call can end in. */

import type { components } from "./schema.js";
import type { ProblemCode } from "./shapes.js";

/** A problem document (RFC 9457) as the API sends it. */
export type ProblemDocument = components["schemas"]["Problem"];

/** One thing wrong with what was sent: where (RFC 6901 pointer, parameter or header), a stable code, a sentence. */
export interface FieldError {
  pointer?: string;
  parameter?: string;
  header?: string;
  code: string;
  message: string;
}

/** The API refused the call and said why. `code` is stable: decide by it, and show `message` or your own words. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;
  readonly errors: readonly FieldError[];
  /** Seconds after which the server invites another try, where it said so. */
  readonly retryAfterS: number | undefined;
  /** The whole document, with the members of this code beside the common ones (`lines` of `out_of_stock`, …). */
  readonly document: Readonly<Record<string, unknown>>;

  constructor(status: number, document: Record<string, unknown>, retryAfterS?: number) {
    super(text(document.detail) ?? text(document.title) ?? `The server answered ${status}.`);
    this.status = status;
    this.code = text(document.code) ?? "unknown";
    this.requestId = text(document.requestId);
    this.errors = Array.isArray(document.errors) ? document.errors : [];
    this.retryAfterS = retryAfterS;
    this.document = document;
  }

  /** The message for one field of the body, by its pointer (`/email`), if the refusal names it. */
  field(pointer: string): string | undefined {
    return this.errors.find((error) => error.pointer === pointer)?.message;
  }
}

/** Nothing, or nothing usable, came back. Whether the call ran is unknown; see `mayRepeat`. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
}

/** The session that this call was made in has ended, or is another one now, before the call could be sent. */
export class SessionEnded extends Error {
  override readonly name = "SessionEnded";
  constructor(readonly reason: string) {
    super("You have been signed out.");
  }
}

/** Whether `error` is the API's refusal, with this code if one is given. */
export function isProblem(error: unknown, code?: ProblemCode): error is Problem {
  return error instanceof Problem && (code === undefined || error.code === code);
}

/** The refusal in an unsuccessful response; whatever its body is, this does not fail. */
export async function problemOf(response: Response): Promise<Problem> {
  let document: unknown;
  try {
    document = await response.json();
  } catch {
    // A proxy's page, or no body: the status says what is known.
  }
  const wait = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new Problem(response.status, isRecord(document) ? document : {}, Number.isFinite(wait) ? wait : undefined);
}

/**
 * Whether a call may be sent again after `error` without knowing if it ran (a lost answer, a 5xx): only what is
 * idempotent by its method (RFC 9110, 9.2.2), or carries an Idempotency-Key of its own.
 */
export function mayRepeat(error: unknown, method: string, idempotencyKey?: string): boolean {
  const unknown = error instanceof NetworkError || (error instanceof Problem && error.status >= 500);
  return unknown && (idempotencyKey !== undefined || /^(GET|HEAD|PUT|DELETE)$/i.test(method));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value ? value : undefined;
}
