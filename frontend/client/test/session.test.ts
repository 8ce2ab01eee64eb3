import { describe, expect, it } from "vitest";
import { BASE } from "./server.js";
import { Browser, pass, profile, Storage, server, settled, wake, world } from "./tabs.js";

/** A refresh that has reached the server, and whose answer waits for `answer()`. */
async function refreshUnderWay(shop: { fetch: typeof fetch }) {
  let answer = () => {};
  server.gate = new Promise((open) => {
    answer = open;
  });
  server.expireAll();
  const call = profile(shop).catch((error: Error) => error);
  await pass(300);
  expect(server.calls("/api/auth/refresh")).toBe(1);
  return { call, answer };
}

describe("signing out", () => {
  it("drops the answer of a refresh that was under way, and signs every tab out", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    const other = browser.tab();
    await pass(300);
    const { call, answer } = await refreshUnderWay(shop);
    const leaving = shop.auth.logout();
    expect(shop.auth.state).toMatchObject({ signedIn: false, reason: "signed_out" }); // at once
    answer();
    await settled(Promise.all([leaving, call]));
    await pass(300);
    expect(shop.auth.state.signedIn).toBe(false);
    expect(other.auth.state).toMatchObject({ signedIn: false, reason: "signed_out" });
    expect(server.calls("/api/auth/logout")).toBe(1);
    server.log = [];
    expect((await settled(profile(shop))).status).toBe(401);
    expect(server.log.map((sent) => sent.token)).toEqual([null]);
    expect([...browser.storage.kept.keys()]).toEqual([]);
  });

  it("works offline, and tells the server when it is back", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    server.faults = ["unreachable"];
    await settled(shop.auth.logout());
    expect(shop.auth.state.signedIn).toBe(false);
    expect(server.session.revoked).toBeUndefined();
    wake();
    await pass(300);
    expect(server.session.revoked).toBe(true);
    wake();
    await pass(300);
    expect(server.calls("/api/auth/logout")).toBe(2);
  });

  it("does not end a newer sign-in by a sign-out that was left over", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    server.faults = ["unreachable"];
    await settled(shop.auth.logout());
    await settled(shop.auth.login({ email: "asha@example.com", password: "a long secret" }));
    wake();
    await pass(300);
    expect(server.session.revoked).toBeUndefined();
    expect((await settled(profile(shop))).status).toBe(200);
  });

  it("follows the server: a revoked session is over in every tab, and nothing is refreshed", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    const other = browser.tab();
    await pass(300);
    server.session.revoked = true;
    expect((await settled(profile(shop))).status).toBe(401);
    await pass(100);
    expect(shop.auth.state).toEqual({ signedIn: false, sessionId: null, reason: "session_revoked" });
    expect(other.auth.state).toEqual({ signedIn: false, sessionId: null, reason: "session_revoked" });
    expect(server.calls("/api/auth/refresh")).toBe(0);
  });

  it("tells why to a tab that opens in the very moment of the end", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    const reasons: unknown[] = [];
    const { removeItem } = browser.storage;
    browser.storage.removeItem = (key) => {
      removeItem(key);
      if (key === "mk-signed-in") reasons.push(browser.tab().auth.state);
    };
    server.session.revoked = true;
    await settled(profile(shop));
    expect(reasons).toEqual([{ signedIn: false, sessionId: null, reason: "session_revoked" }]);
  });

  it("tells why to a tab that opens after the end, until the shopper has read it or signs in", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    server.session.revoked = true;
    await settled(profile(shop));
    const late = browser.tab();
    expect(late.auth.state).toMatchObject({ signedIn: false, reason: "session_revoked" });
    late.auth.dismiss();
    expect(late.auth.state).toMatchObject({ signedIn: false, reason: null });
    expect(browser.tab().auth.state).toMatchObject({ signedIn: false, reason: null });

    server.session.revoked = undefined;
    await settled(shop.auth.login({ email: "asha@example.com", password: "a long secret" }));
    await settled(shop.auth.logout());
    expect(browser.tab().auth.state).toMatchObject({ signedIn: false, reason: null });
  });

  it("notices on waking that another tab signed out while no message came through", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn({ channel: undefined });
    browser.storage.removeItem("mk-signed-in");
    wake();
    expect(shop.auth.state.signedIn).toBe(false);
  });
});

describe("signing in", () => {
  it("waits for a refresh under way in another tab", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    const other = browser.tab();
    await pass(300);
    const { call, answer } = await refreshUnderWay(shop);
    const login = other.auth.login({ email: "asha@example.com", password: "a long secret" });
    await pass(1_000);
    expect(server.calls("/api/auth/login")).toBe(0);
    answer();
    server.gate = null;
    await settled(Promise.all([call, login]));
    expect(server.calls("/api/auth/login")).toBe(1);
  });

  it("is heard by tabs in which nobody was signed in", async () => {
    const browser = new Browser();
    const other = browser.tab();
    await browser.signedIn();
    await pass(100);
    expect(other.auth.state.signedIn).toBe(true);
    expect((await settled(profile(other))).status).toBe(200);
    expect(server.calls("/api/auth/refresh")).toBe(0);
  });

  it("throws the API's refusal, and changes nothing", async () => {
    const shop = new Browser().tab();
    const wrong = shop.auth.login({ email: "nobody@example.com", password: "a long secret" });
    await expect(settled(wrong)).rejects.toMatchObject({ status: 401, code: "invalid_credentials" });
    expect(shop.auth.state).toEqual({ signedIn: false, sessionId: null, reason: null });
  });

  it("reloads tabs in which somebody else was signed in", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn();
    const other = browser.tab();
    await pass(300);
    await settled(other.auth.login({ email: "asha@example.com", password: "a long secret" }));
    await pass(100);
    expect(shop.auth.state).toMatchObject({ signedIn: false, reason: "account_changed" });
    expect(browser.reloads).toBe(1);
  });

  it("reloads when a refresh answers for another session, and sends nothing in its name", async () => {
    const browser = new Browser();
    const shop = await browser.signedIn({ channel: undefined });
    server.session = { id: "other", generation: 0, current: "other" };
    server.cookie = "other";
    world.visible = false;
    await pass(950_000);
    const write = shop.fetch(`${BASE}/api/addresses`, { method: "POST", body: "{}" });
    await expect(settled(write)).rejects.toMatchObject({ name: "SessionEnded", reason: "account_changed" });
    expect(server.calls("/api/addresses")).toBe(0);
    expect(browser.reloads).toBe(1);
    expect(browser.storage.getItem("mk-signed-in")).toBe("other"); // the reloaded page starts as what it is
  });

  it("takes over the new tokens of a changed password", async () => {
    const shop = await new Browser().signedIn();
    await settled(shop.auth.changePassword({ currentPassword: "a long secret", newPassword: "a longer secret" }));
    const change = server.log.at(-1);
    await settled(profile(shop));
    expect(server.log.at(-1)?.token).not.toBe(change?.token);
    expect(shop.auth.state.signedIn).toBe(true);
  });
});

describe("in Node", () => {
  it("keeps the refresh token in the given storage and goes on after a restart", async () => {
    const storage = new Storage();
    const options = { mode: "body" as const, storage, channel: undefined };
    const shop = await new Browser().signedIn(options);
    expect(storage.getItem("mk-refresh")).toBe(server.session.current);
    server.expireAll();
    expect((await settled(profile(shop))).status).toBe(200);
    expect(storage.getItem("mk-refresh")).toBe(server.session.current);
    shop.stop();
    const again = new Browser().tab(options);
    expect((await settled(profile(again))).status).toBe(200);
    await settled(again.auth.logout());
    expect([...storage.kept.keys()]).toEqual([]);
    expect(server.session.revoked).toBe(true);
  });
});

describe("a guest's cart", () => {
  it("is known by its token until signing in merges it", async () => {
    const browser = new Browser();
    const shop = browser.tab();
    await settled(shop.GET("/api/cart"));
    await settled(
      shop.POST("/api/cart/items", { body: { variantId: "01890000-0000-7000-8000-000000000000", quantity: 1 } }),
    );
    expect(server.log.map((call) => call.cart)).toEqual([null, "guest-cart"]);
    // What sending a cart costs depends on what is in it.
    await shop.GET("/api/shipping/options", { params: { query: { country: "IN" } } });
    expect(server.log.at(-1)).toMatchObject({ path: "/api/shipping/options", cart: "guest-cart" });
    await settled(shop.auth.login({ email: "asha@example.com", password: "a long secret" }));
    expect(server.log.at(-1)).toMatchObject({ path: "/api/auth/login", cart: "guest-cart" });
    await settled(shop.GET("/api/cart"));
    expect(server.log.at(-1)?.cart).toBeNull();
  });
});
