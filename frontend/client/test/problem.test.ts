import { expect, it } from "vitest";
import { unwrap } from "../src/client.js";
import { AttemptKey } from "../src/keys.js";
import { isProblem, mayRepeat, NetworkError, Problem, problemOf } from "../src/problem.js";

const refused = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Promise.resolve({ error: body, response: new Response(null, { status, headers }) });

it("throws a refusal with its code, its fields and what else it says", async () => {
  const document = {
    status: 409,
    code: "out_of_stock",
    detail: "Not enough pieces are left.",
    requestId: "r1",
    lines: [{ sku: "A", available: 1 }],
    errors: [{ pointer: "/items/0/quantity", code: "too_many", message: "One piece is left." }],
  };
  const problem = await unwrap<Problem>(refused(409, document, { "Retry-After": "3" })).catch(
    (error) => error as Problem,
  );
  expect(isProblem(problem, "out_of_stock")).toBe(true);
  expect(isProblem(problem, "quote_changed")).toBe(false);
  expect(problem).toMatchObject({ status: 409, message: document.detail, requestId: "r1", retryAfterS: 3 });
  expect(problem.document.lines).toEqual(document.lines);
  expect(problem.field("/items/0/quantity")).toBe("One piece is left.");
  expect(problem.field("/email")).toBeUndefined();
});

it("answers the data of a success, and nothing for a 204", async () => {
  expect(await unwrap(Promise.resolve({ data: { id: 1 }, response: new Response() }))).toEqual({ id: 1 });
  expect(await unwrap(Promise.resolve({ response: new Response(null, { status: 204 }) }))).toBeUndefined();
});

it.each(["<html>502</html>", "", "null", "[]", '"text"'])("makes a problem of a proxy's %j too", async (body) => {
  expect(await problemOf(new Response(body, { status: 502 }))).toMatchObject({ status: 502, code: "unknown" });
});

it.each([
  [new NetworkError(""), "GET", undefined, true],
  [new NetworkError(""), "PUT", undefined, true],
  [new NetworkError(""), "DELETE", undefined, true],
  [new NetworkError(""), "POST", undefined, false],
  [new NetworkError(""), "PATCH", undefined, false],
  [new NetworkError(""), "POST", "a key", true],
  [new Problem(503, {}), "GET", undefined, true],
  [new Problem(503, {}), "POST", undefined, false],
  [new Problem(503, {}), "POST", "a key", true],
  [new Problem(409, {}), "GET", undefined, false],
  [new Error("anything"), "GET", undefined, false],
])("after %s a %s with key %s may be repeated: %s", (error, method, key, expected) => {
  expect(mayRepeat(error, method, key)).toBe(expected);
});

it("keeps an attempt's key until its content changes or it is done", () => {
  const key = new AttemptKey();
  const first = key.for({ total: "10.00" });
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
  expect(key.for({ total: "10.00" })).toBe(first);
  const second = key.for({ total: "12.00" });
  expect(second).not.toBe(first);
  key.done();
  expect(key.for({ total: "12.00" })).not.toBe(second);
});
