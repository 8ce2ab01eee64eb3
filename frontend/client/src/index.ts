export { createShop, type Shop, type ShopOptions, unwrap } from "./client.js";
export { AttemptKey } from "./keys.js";
export type { Channel, KeyStore, Locks } from "./platform.js";
export {
  type FieldError,
  isProblem,
  mayRepeat,
  NetworkError,
  Problem,
  type ProblemDocument,
  SessionEnded,
} from "./problem.js";
export type { components, paths } from "./schema.js";
export type { SessionState } from "./session.js";
export type { JsonAnswer, JsonBody, ProblemCode } from "./shapes.js";
