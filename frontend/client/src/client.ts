/** The whole client: openapi-fetch's typed calls over a `fetch` that signs itself. */

import createOpenApiClient, { type Client, type Middleware } from "openapi-fetch";
import { type Channel, type KeyStore, type Locks, type Platform, platform } from "./platform.js";
import { NetworkError, type Problem, problemOf, SessionEnded } from "./problem.js";
import type { paths } from "./schema.js";
import { isOver, Session, type SessionState } from "./session.js";
import type { JsonAnswer, JsonBody } from "./shapes.js";

export interface ShopOptions {
  /** Where the API is, without `/api`: `https://shop.example`. By default the page's own origin. */
  baseUrl?: string;
  /** How the refresh token travels: as an HttpOnly cookie (default in browsers), or in bodies and `storage` (Node). */
  mode?: "cookie" | "body";
  /** Keeps the sign-in flag and the cart's token; in body mode also the refresh token. By default `localStorage`. */
  storage?: KeyStore;
  /** Milliseconds that a call waits for a refresh that does not get through; 15 000 by default. */
  waitMs?: number;
  /** Told of refusals that only a developer can mend, such as an Origin that is not allow-listed. */
  onReport?: (problem: Problem) => void;
  fetch?: typeof fetch;
  locks?: Locks;
  channel?: Channel;
}

type SignedIn = JsonAnswer<"/api/auth/login", "post">;

const CART = "mk-cart";
/** Calls that make, end or stand in for a sign-in: they never carry a token, and a 401 of theirs is an answer. */
const UNSIGNED = /\/api\/auth\/(login|register|refresh|logout|second-factor|password\/(forgot|reset))$/;
const GIVES_A_TOKEN = /^\/api\/(cart|orders$)/;
const ABOUT_A_CART = /^\/api\/(cart|orders|shipping)(\/|$)/;

export type Shop = ReturnType<typeof createShop>;

/** Makes the client of one shop. In a browser make one for the page; in Node one for each customer. */
export function createShop(options: ShopOptions = {}) {
  const { baseUrl = globalThis.location?.origin ?? "", waitMs = 15_000, onReport = console.error, ...given } = options;
  const mode = options.mode ?? (globalThis.document ? "cookie" : "body");
  const root = baseUrl.replace(/\/+$/, "");
  const on = platform(known(given));
  const session = new Session(on, { baseUrl: root, mode, waitMs, onReport });
  const authFetch = signed(on, session);
  const api = createOpenApiClient<paths>({ baseUrl: root, fetch: authFetch, Request: KeptRequest });
  api.use(cartToken(on.storage, session));
  session.start();
  return {
    ...(api as Client<paths>),
    fetch: authFetch,
    auth: account(on, session, root, authFetch),
    stop: () => session.stop(),
  };
}

/** What to do about the sign-in; its calls settle the tokens as well. */
function account(on: Platform, session: Session, root: string, authFetch: typeof fetch) {
  const enter = async (path: "/api/auth/login" | "/api/auth/register", body: unknown) => {
    const cart = on.storage.getItem(CART);
    const answer = await session.signIn<SignedIn>(path, body, cart ? { "X-Cart-Token": cart } : {});
    on.storage.removeItem(CART); // merged into the customer's own
    return answer.user;
  };
  return {
    get state(): SessionState {
      return session.state;
    },
    subscribe: (listener: () => void) => session.subscribe(listener),
    /** Signs in, merges the guest's cart, and answers the user. Throws: Problem, NetworkError. */
    login: (body: JsonBody<"/api/auth/login", "post">) => enter("/api/auth/login", body),
    /** Creates an account, signs in, merges the guest's cart, and answers the user. Throws: Problem, NetworkError. */
    register: (body: JsonBody<"/api/auth/register", "post">) => enter("/api/auth/register", body),
    /** Signs out everywhere in this browser at once; resolves when the server knows, or could not be told now. */
    logout: () => session.signOut(),
    /** The shopper has read why the session ended: no tab, now or later, tells it again. */
    dismiss: () => session.dismiss(),
    /** Ends every session of this account. Throws: Problem (`reauthentication_required`), NetworkError. */
    async logoutEverywhere(): Promise<void> {
      const answer = await authFetch(`${root}/api/auth/logout-all`, { method: "POST" });
      if (!answer.ok) throw await problemOf(answer);
      await session.signOut(); // the session is over already: this takes the browser's cookie
    },
    /** Changes the password; this session goes on, all others end. Throws: Problem, NetworkError. */
    changePassword: (body: JsonBody<"/api/auth/password/change", "post">) =>
      session.renew("/api/auth/password/change", body),
  };
}

/** `fetch` with a token: fresh before the call, once more after a 401 that a refresh can mend. */
function signed(on: Platform, session: Session): typeof fetch {
  return async (input, init) => {
    const kept = input instanceof KeptRequest && !init ? input : new KeptRequest(input, init);
    if (UNSIGNED.test(new URL(kept.url).pathname)) return send(on, kept, null);
    const { sessionId } = session.state;
    const token = await session.token();
    if (session.state.sessionId !== sessionId) gone(session.state, kept.method);
    const again = kept.streamed ? undefined : kept.clone();
    const answer = await send(on, kept, token);
    if (answer.status !== 401 || token === null) return answer;
    const problem = await problemOf(answer.clone());
    if (isOver(problem)) {
      if (session.state.sessionId === sessionId) session.ended(problem.code);
      return answer;
    }
    if (!again || !/^token_(expired|invalid|missing)$/.test(problem.code)) return answer;
    await session.refresh(token);
    const next = session.state.sessionId === sessionId ? await session.token() : null;
    // Signed out meanwhile: what anybody may read is still worth reading, and nothing else may run as somebody else.
    return next === null && !isRead(kept.method) ? answer : send(on, again, next);
  };
}

async function send(on: Platform, request: Request, token: string | null): Promise<Response> {
  if (token !== null) request.headers.set("Authorization", `Bearer ${token}`);
  try {
    return await on.fetch(request);
  } catch (cause) {
    if (request.signal.aborted) throw cause;
    throw new NetworkError("The shop is not reachable.", { cause });
  }
}

/** Decides about a call whose session ended while it waited. Throws: SessionEnded, unless it may go on as anybody's. */
function gone(state: SessionState, method: string): void {
  const reason = state.signedIn ? "account_changed" : (state.reason ?? "signed_out");
  if (reason === "account_changed" || !isRead(method)) throw new SessionEnded(reason);
}

const isRead = (method: string) => method === "GET" || method === "HEAD";

/** A request that knows whether its body can be sent twice. */
class KeptRequest extends Request {
  readonly streamed: boolean;
  constructor(input: RequestInfo | URL, init?: RequestInit) {
    super(input, init);
    this.streamed = init?.body instanceof ReadableStream;
  }
}

/** Sends a guest's cart token, and keeps the one that comes back. */
function cartToken(storage: KeyStore, session: Session): Middleware {
  return {
    onRequest({ request, schemaPath }) {
      const token = storage.getItem(CART);
      if (token && !session.state.signedIn && ABOUT_A_CART.test(schemaPath)) request.headers.set("X-Cart-Token", token);
    },
    async onResponse({ response, schemaPath }) {
      if (!response.ok || session.state.signedIn || !GIVES_A_TOKEN.test(schemaPath)) return;
      const { token } = (await response.clone().json()) as { token?: string | null };
      if (token) storage.setItem(CART, token);
    },
  };
}

/** The data of a call's answer. Throws: Problem for a refusal, and whatever the call itself throws. */
export async function unwrap<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  throw await problemOf(
    new Response(JSON.stringify(error ?? null), { status: response.status, headers: response.headers }),
  );
}

function known<T extends object>(given: T): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>;
}
