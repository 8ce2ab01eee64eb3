/** Names for the API's shapes, read off the generated types. */

import type { paths } from "./schema.js";

type Method = "get" | "put" | "post" | "delete" | "patch";
type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;
type Success<Responses> =
  Responses extends Record<PropertyKey, unknown> ? Json<Responses[Extract<keyof Responses, 200 | 201 | 202>]> : never;

/** What the body of a call is: `JsonBody<"/api/addresses", "post">`. */
export type JsonBody<Path extends keyof paths, M extends Method> = paths[Path][M] extends { requestBody?: infer Body }
  ? Json<NonNullable<Body>>
  : never;

/** What a call answers when it succeeds: `JsonAnswer<"/api/cart", "get">`. */
export type JsonAnswer<Path extends keyof paths, M extends Method> = paths[Path][M] extends {
  responses: infer Responses;
}
  ? Success<Responses>
  : never;

type Codes<Responses> = {
  [Status in keyof Responses]: Responses[Status] extends {
    content: { "application/problem+json": { code?: infer Code } };
  }
    ? Code
    : never;
}[keyof Responses];

/** Every code that a refusal of the API can have, so that a slip in one does not compile. */
export type ProblemCode = {
  [Path in keyof paths]: {
    [M in Method]: paths[Path][M] extends { responses: infer Responses } ? Codes<Responses> : never;
  }[Method];
}[keyof paths];
