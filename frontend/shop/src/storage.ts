/** Small things that this browser remembers, where it lets us; they are lost without harm where it does not. */

export function remember(store: "local" | "session", key: string, value: unknown): void {
  try {
    const storage = store === "local" ? localStorage : sessionStorage;
    if (value === undefined) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
  } catch {
    // Full or forbidden: it holds for this page only.
  }
}

/** What was remembered, if `fits` says that it still has the shape that is wanted. */
export function remembered<T>(
  store: "local" | "session",
  key: string,
  fits: (value: unknown) => value is T,
): T | undefined {
  try {
    const storage = store === "local" ? localStorage : sessionStorage;
    const value: unknown = JSON.parse(storage.getItem(key) ?? "null");
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isListOfText = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

export const isTextByName = (value: unknown): value is Record<string, string> =>
  typeof value === "object" && value !== null && Object.values(value).every((item) => typeof item === "string");

export const isText = (value: unknown): value is string => typeof value === "string";
