/** A shop's sign-in as the real one decides it (rotation, retry by key, reuse), small enough to misbehave on demand. */

import { HttpResponse, http } from "msw";

export const BASE = "http://shop.test";

type Fault = "lost" | "cut" | "unreachable" | { status: number; code?: string; retryAfterS?: number };

interface Signed {
  id: string;
  generation: number;
  current: string;
  previous?: string;
  key?: string | null;
  revoked?: boolean;
}

export class Server {
  accessLifeS = 900;
  cookie = ""; // what the browser's jar holds; every tab of a test shares it
  session: Signed = { id: "s1", generation: 0, current: "r1.0" };
  /** How the next refreshes go wrong, in turn. */
  faults: Fault[] = [];
  /** Held open until somebody resolves it: the next refresh's answer. */
  gate: Promise<void> | null = null;
  log: { method: string; path: string; token: string | null; key: string | null; cart: string | null; body: string }[] =
    [];
  keys: (string | null)[] = [];
  /** Given back on every private call, whatever its token. */
  refusal: { status: number; code: string } | null = null;
  #issued = new Map<string, { until: number; sessionId: string }>();
  #count = 0;

  /** The number of calls that reached `path`. */
  calls(path: string): number {
    return this.log.filter((call) => call.path === path).length;
  }

  issue(): { access: string; accessExpiresIn: number; refreshExpiresIn: number; sessionId: string } {
    const access = `a${++this.#count}`;
    this.#issued.set(access, { until: Date.now() + this.accessLifeS * 1000, sessionId: this.session.id });
    return { access, accessExpiresIn: this.accessLifeS, refreshExpiresIn: 604800, sessionId: this.session.id };
  }

  /** Every access token handed out so far has expired. */
  expireAll(): void {
    this.#issued.clear();
  }

  handlers() {
    return [
      http.post(`${BASE}/api/auth/refresh`, ({ request }) => this.#refresh(request)),
      http.post(`${BASE}/api/auth/login`, ({ request }) => this.#login(request)),
      http.post(`${BASE}/api/auth/logout`, ({ request }) => this.#logout(request)),
      http.post(`${BASE}/api/auth/password/change`, async ({ request }) => {
        await this.#note(request);
        return HttpResponse.json(this.issue());
      }),
      http.get(`${BASE}/api/products`, async ({ request }) => {
        const call = await this.#note(request);
        return call.token && !this.#issued.has(call.token) ? this.#refuse(401, "token_expired") : HttpResponse.json([]);
      }),
      http.all(`${BASE}/api/cart*`, async ({ request }) => {
        const call = await this.#note(request);
        return HttpResponse.json({ id: "c", token: call.token ? null : "guest-cart" });
      }),
      http.all(`${BASE}/api/*`, ({ request }) => this.#private(request)),
    ];
  }

  async #note(request: Request) {
    const token = request.headers.get("Authorization")?.replace("Bearer ", "") ?? null;
    const key = request.headers.get("Idempotency-Key");
    const cart = request.headers.get("X-Cart-Token");
    const path = new URL(request.url).pathname;
    const call = { method: request.method, path, token, key, cart, body: await request.text() };
    this.log.push(call);
    return call;
  }

  #refuse(status: number, code: string, retryAfterS?: number) {
    const headers: Record<string, string> = retryAfterS ? { "Retry-After": `${retryAfterS}` } : {};
    return HttpResponse.json({ status, code, title: code }, { status, headers });
  }

  async #private(request: Request) {
    const call = await this.#note(request);
    if (this.refusal) return this.#refuse(this.refusal.status, this.refusal.code);
    if (!call.token) return this.#refuse(401, "token_missing");
    if (!this.#issued.has(call.token)) return this.#refuse(401, "token_expired");
    if (this.session.revoked) return this.#refuse(401, "session_revoked");
    if ((this.#issued.get(call.token)?.until ?? 0) < Date.now()) return this.#refuse(401, "token_expired");
    return HttpResponse.json({ ok: true, body: call.body, sessionId: this.#issued.get(call.token)?.sessionId });
  }

  async #refresh(request: Request) {
    const call = await this.#note(request);
    this.keys.push(call.key);
    const fault = this.faults.shift();
    if (fault === "unreachable") return HttpResponse.error();
    if (typeof fault === "object") return this.#refuse(fault.status, fault.code ?? "fault", fault.retryAfterS);
    const { session } = this;
    const sent = call.body === "{}" ? this.cookie : JSON.parse(call.body).refresh;
    if (session.revoked) return this.#refuse(401, "session_revoked");
    if (sent === session.current) {
      session.previous = session.current;
      session.current = `r${session.id}.${++session.generation}`;
      session.key = call.key;
    } else if (sent !== session.previous || !call.key || call.key !== session.key) {
      session.revoked = true; // reuse: a thief, or a client that lost its key
      return this.#refuse(401, "session_revoked");
    }
    const answer = call.body === "{}" ? this.issue() : { ...this.issue(), refresh: session.current };
    if (this.gate) await this.gate;
    if (fault === "lost") return HttpResponse.error();
    if (fault === "cut") return new HttpResponse('{"access": "a', { headers: { "Content-Type": "application/json" } });
    this.cookie = session.current;
    return HttpResponse.json(answer);
  }

  async #login(request: Request) {
    const { email } = JSON.parse((await this.#note(request)).body);
    if (email !== "asha@example.com") return this.#refuse(401, "invalid_credentials");
    const id = `s${++this.#count}`;
    this.session = { id, generation: 0, current: `r${id}.0` };
    this.cookie = this.session.current;
    const refresh = request.headers.get("X-Markrin-Client") ? {} : { refresh: this.session.current };
    return HttpResponse.json({ ...this.issue(), ...refresh, user: { id: "u1", name: "Asha", email } });
  }

  async #logout(request: Request) {
    await this.#note(request);
    const fault = this.faults.shift();
    if (fault) return HttpResponse.error();
    this.session.revoked = true;
    this.cookie = "";
    return new HttpResponse(null, { status: 204 });
  }
}
