// Until the server's document is complete: the calls that the client itself makes, by hand.
interface Op<Body, Answer> {
  parameters: { query?: never; header?: never; path?: never; cookie?: never };
  requestBody: { content: { "application/json": Body } };
  responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": Answer } } };
}
interface Tokens { access: string; accessExpiresIn: number; refresh?: string; refreshExpiresIn: number; sessionId: string }
interface Signed extends Tokens { user: { id: string; name: string; email: string } }
interface Get<A, Q = never> {
  parameters: { query?: Q; header?: never; path?: never; cookie?: never };
  requestBody?: never;
  responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": A } } };
}
type Only<M extends string, T> = { parameters: { query?: never; header?: never; path?: never; cookie?: never } } & { [K in M]: T } & { [K in Exclude<"get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace", M>]?: never };
export interface paths {
  "/api/auth/login": Only<"post", Op<{ email: string; password: string }, Signed>>;
  "/api/auth/register": Only<"post", Op<{ name: string; lastName?: string; email: string; password: string }, Signed>>;
  "/api/auth/refresh": Only<"post", Op<{ refresh?: string }, Tokens>>;
  "/api/auth/password/change": Only<"post", Op<{ currentPassword: string; newPassword: string }, Tokens>>;
  "/api/auth/profile": Only<"get", Get<{ id: string; name: string; email: string }>>;
  "/api/cart": Only<"get", Get<{ id: string; token: string | null }>>;
  "/api/cart/items": Only<"post", Op<{ variantId: string; quantity: number }, { id: string; token: string | null }>>;
}
export interface components { schemas: { Problem: { type: string; title: string; status: number; detail: string; code: string; requestId: string }; Tokens: Tokens } }
