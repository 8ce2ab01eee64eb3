import { describe, expect, it, vi } from "vitest";
import { NetworkError, SessionEnded } from "../src/problem.js";
import { BASE } from "./server.js";
import { Browser, pass, profile, SharedLocks, server, settled, wake, world } from "./tabs.js";

const statuses = async (calls: Promise<Response>[]) => (await Promise.all(calls)).map((answer) => answer.status);

describe("one refresh for many", () => {
  const withoutLocks = { locks: { request: () => Promise.reject(new DOMException("", "TimeoutError")) } };
  it.each([{}, withoutLocks])("serves ten parallel 401s with one refresh, and sends each once more", async (tab) => {
    const shop = await new Browser().signedIn(tab);
    server.expireAll();
    let answer = () => {};
    server.gate = new Promise((open) => {
      answer = open;
    });
    const calls = Array.from({ length: 10 }, () => profile(shop));
    while (server.calls("/api/auth/profile") < 10) await pass(200); // all ten are refused before anything is renewed
    await pass(200);
    answer();
    expect(await settled(statuses(calls))).toEqual(Array(10).fill(200));
    expect(server.calls("/api/auth/refresh")).toBe(1);
    expect(server.calls("/api/auth/profile")).toBe(20);
  });

  it("lets three tabs refresh once, and the others adopt its token", async () => {
    const browser = new Browser();
    const first = await browser.signedIn();
    const tabs = [first, browser.tab(), browser.tab()];
    await pass(300);
    expect(server.calls("/api/auth/refresh")).toBe(0); // a new tab asks its peers first
    server.expireAll();
    const calls = tabs.flatMap((tab) => Array.from({ length: 5 }, () => profile(tab)));
    expect(await settled(statuses(calls))).toEqual(Array(15).fill(200));
    expect(server.calls("/api/auth/refresh")).toBe(1);
  });

  it("keeps three tabs signed in without locks and without a channel, by the shared key", async () => {
    const browser = new Browser();
    const alone = () => ({ locks: new SharedLocks(), channel: undefined });
    const tabs = [await browser.signedIn(alone()), browser.tab(alone()), browser.tab(alone())];
    await pass(500);
    server.expireAll();
    expect(await settled(statuses(tabs.map(profile)))).toEqual([200, 200, 200]);
    expect(tabs.map((tab) => tab.auth.state.signedIn)).toEqual([true, true, true]);
    expect(server.session.revoked).toBeUndefined();
    expect(server.keys.length).toBeGreaterThan(3); // they did refresh side by side
  });

  it("goes on without the lock when it cannot have it", async () => {
    const shop = await new Browser().signedIn(withoutLocks);
    server.expireAll();
    expect((await settled(profile(shop))).status).toBe(200);
  });

  it("replaces a token before it expires, so that no call meets a 401", async () => {
    const shop = await new Browser().signedIn();
    await pass(840_001); // 900 s of life, due at the latest 60 s before the end
    expect((await settled(profile(shop))).status).toBe(200);
    expect(server.calls("/api/auth/refresh")).toBeGreaterThan(0);
    expect(server.calls("/api/auth/profile")).toBe(1);
  });

  it("lets a hidden page rest, and refreshes when it is looked at again", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    world.visible = false;
    await pass(3_600_000);
    expect(server.log).toEqual([]);
    world.visible = true;
    wake();
    await pass(500);
    expect(server.calls("/api/auth/refresh")).toBe(1);
    expect((await settled(profile(shop))).status).toBe(200);
  });

  it("asks nothing at the start unless this browser was signed in", async () => {
    const browser = new Browser();
    browser.tab().stop();
    await pass(60_000);
    expect(server.log).toEqual([]);
    const shop = await browser.signedIn();
    shop.stop();
    browser.tab();
    await pass(500);
    expect(server.calls("/api/auth/refresh")).toBe(1);
  });
});

describe("when answers fail", () => {
  it.each(["lost", "cut"] as const)("retries an answer that was %s with the same key", async (fault) => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    server.faults = [fault];
    expect((await settled(profile(shop))).status).toBe(200);
    expect(server.keys).toHaveLength(2);
    expect(new Set(server.keys).size).toBe(1);
    expect(server.keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("takes a new key for the next refresh, once one has succeeded", async () => {
    const shop = await new Browser().signedIn();
    for (let round = 0; round < 2; round++) {
      server.expireAll();
      await settled(profile(shop));
    }
    expect(new Set(server.keys).size).toBe(2);
  });

  it("survives a reload between the lost answer and the retry", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    server.expireAll();
    server.faults = ["lost"];
    const lost = profile(shop).catch(() => "gone with its page");
    await pass(300);
    shop.stop();
    const next = browser.tab();
    expect((await settled(profile(next))).status).toBe(200);
    expect(new Set(server.keys).size).toBe(1);
    await settled(lost);
  });

  it("backs off through 5xx and then succeeds", async () => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    server.faults = [{ status: 503 }, { status: 500 }, { status: 502 }];
    const begun = Date.now();
    expect((await settled(profile(shop))).status).toBe(200);
    expect(Date.now() - begun).toBeGreaterThan(2_500); // 0.5 + 1 + 2 s, each within a quarter
    expect(new Set(server.keys).size).toBe(1);
  });

  it("fails waiting calls as a network error, stays signed in, and recovers", async () => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    server.faults = Array(6).fill({ status: 503 });
    await expect(settled(profile(shop))).rejects.toBeInstanceOf(NetworkError);
    expect(shop.auth.state.signedIn).toBe(true);
    await pass(30_000);
    expect((await settled(profile(shop))).status).toBe(200);
    expect(new Set(server.keys).size).toBe(1);
  });

  it("gives up after 280 s without signing out", async () => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    server.faults = Array(100).fill("unreachable");
    world.visible = false; // no tick begins another round
    await expect(settled(profile(shop))).rejects.toBeInstanceOf(NetworkError);
    await pass(300_000);
    const tried = server.keys.length;
    expect(tried).toBeGreaterThan(30);
    await pass(60_000);
    expect(server.keys).toHaveLength(tried);
    expect(shop.auth.state.signedIn).toBe(true);
  });

  it("sends nothing while offline, and goes on by itself afterwards", async () => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    world.online = false;
    await pass(950_000); // the token's own life is over as well
    await expect(settled(profile(shop))).rejects.toBeInstanceOf(NetworkError);
    expect(server.log).toEqual([]);
    expect(shop.auth.state.signedIn).toBe(true);
    world.online = true;
    wake();
    await pass(500);
    expect((await settled(profile(shop))).status).toBe(200);
    expect(server.calls("/api/auth/profile")).toBe(1);
  });

  it("uses the old token while it lives if the refresh hangs", async () => {
    const shop = await new Browser().signedIn();
    server.faults = Array(10).fill({ status: 503 });
    await pass(850_000);
    const begun = Date.now();
    expect((await settled(profile(shop))).status).toBe(200);
    expect(Date.now() - begun).toBeLessThan(2_200);
  });

  it("waits a second after each of two 409s, with the same key", async () => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    server.faults = [{ status: 409 }, { status: 409 }];
    const begun = Date.now();
    expect((await settled(profile(shop))).status).toBe(200);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(2_000);
    expect(new Set(server.keys).size).toBe(1);
  });

  it("stops after the third 409, still signed in", async () => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    server.faults = Array(9).fill({ status: 409 });
    await expect(settled(profile(shop))).rejects.toBeInstanceOf(NetworkError);
    expect(server.keys).toHaveLength(3);
    expect(shop.auth.state.signedIn).toBe(true);
  });

  it("does as Retry-After says on a 429", async () => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    server.faults = [{ status: 429, retryAfterS: 7 }];
    const begun = Date.now();
    expect((await settled(profile(shop))).status).toBe(200);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(7_000);
  });

  it("reports a csrf_failed once and does not loop", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    server.expireAll();
    server.faults = Array(9).fill({ status: 403, code: "csrf_failed" });
    await expect(settled(profile(shop))).rejects.toMatchObject({ code: "csrf_failed" });
    await expect(settled(profile(shop))).rejects.toMatchObject({ code: "csrf_failed" });
    await pass(120_000);
    expect(server.keys).toHaveLength(1);
    expect(browser.reports).toHaveLength(1);
    expect(shop.auth.state.signedIn).toBe(true);
  });
});

describe("the clock", () => {
  it.each([-86_400_000, 86_400_000])("does not care that it is wrong by %d ms", async (skew) => {
    world.skewMs = skew;
    const shop = await new Browser().signedIn();
    for (let call = 0; call < 5; call++) expect((await settled(profile(shop))).status).toBe(200);
    await pass(700_000);
    await settled(profile(shop));
    expect(server.calls("/api/auth/refresh")).toBe(0);
  });

  it("refreshes once when it is set back", async () => {
    const shop = await new Browser().signedIn();
    world.skewMs = -3_600_000;
    for (let call = 0; call < 5; call++) expect((await settled(profile(shop))).status).toBe(200);
    expect(server.calls("/api/auth/refresh")).toBe(1);
  });

  it("does not refresh in circles where tokens live 3 seconds", async () => {
    server.accessLifeS = 3;
    const shop = await new Browser().signedIn();
    for (let call = 0; call < 5; call++) await settled(profile(shop));
    expect(server.calls("/api/auth/refresh")).toBe(0);
  });
});

describe("what is never sent twice, or as somebody else", () => {
  it("returns the second 401 of a call instead of looping", async () => {
    const shop = await new Browser().signedIn();
    server.refusal = { status: 401, code: "token_invalid" };
    expect((await settled(profile(shop))).status).toBe(401);
    expect(server.calls("/api/auth/refresh")).toBe(1);
    expect(server.calls("/api/auth/profile")).toBe(2);
  });

  it.each([403, 409, 422, 429, 500, 503])("does not refresh because of a %d", async (status) => {
    const shop = await new Browser().signedIn();
    server.refusal = { status, code: "something" };
    expect((await settled(profile(shop))).status).toBe(status);
    expect(server.log).toHaveLength(1);
  });

  it("replays a body that can be read again", async () => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    const answer = await settled(shop.fetch(`${BASE}/api/addresses`, { method: "POST", body: "the body" }));
    expect(await answer.json()).toMatchObject({ body: "the body" });
  });

  it("never replays a stream, but refreshes before sending one", async () => {
    const shop = await new Browser().signedIn();
    const stream = () => ({
      method: "POST",
      body: new Blob(["streamed"]).stream(),
      duplex: "half",
    });
    server.expireAll();
    expect((await settled(shop.fetch(`${BASE}/api/uploads`, stream()))).status).toBe(401);
    expect(server.log.filter((call) => call.path === "/api/uploads")).toHaveLength(1);
    await pass(850_000);
    server.log = [];
    const answer = await settled(shop.fetch(`${BASE}/api/uploads`, stream()));
    expect(await answer.json()).toMatchObject({ body: "streamed" });
    expect(server.log.filter((call) => call.path === "/api/uploads")).toHaveLength(1);
  });

  it("reads public pages as anybody once the session turns out to be over", async () => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    server.session.revoked = true;
    expect((await settled(shop.fetch(`${BASE}/api/products`))).status).toBe(200);
    expect(shop.auth.state).toMatchObject({ signedIn: false, reason: "session_revoked" });
  });

  it("answers a write its 401, and does not run it as anybody, once the session turns out to be over", async () => {
    const shop = await new Browser().signedIn();
    server.expireAll();
    server.session.revoked = true;
    expect((await settled(shop.fetch(`${BASE}/api/addresses`, { method: "POST", body: "{}" }))).status).toBe(401);
    expect(server.calls("/api/addresses")).toBe(1);
    expect(shop.auth.state).toMatchObject({ signedIn: false, reason: "session_revoked" });
  });

  it("throws SessionEnded for a write that was waiting when the session ended", async () => {
    const shop = await new Browser().signedIn();
    world.visible = false;
    server.session.revoked = true;
    await pass(950_000);
    const write = shop.fetch(`${BASE}/api/cart/items`, { method: "POST", body: "{}" });
    await expect(settled(write)).rejects.toBeInstanceOf(SessionEnded);
    expect(server.calls("/api/cart/items")).toBe(0);
  });
});

it("does not fail when storage, channel and locks do", async () => {
  const broken = () => {
    throw new DOMException("", "SecurityError");
  };
  const shop = await new Browser().signedIn({
    storage: { getItem: broken, setItem: broken, removeItem: broken },
    channel: { postMessage: broken, onmessage: null, close: vi.fn() },
    locks: { request: broken },
  });
  server.expireAll();
  expect((await settled(profile(shop))).status).toBe(200);
  await settled(shop.auth.logout());
  expect(shop.auth.state.signedIn).toBe(false);
});
