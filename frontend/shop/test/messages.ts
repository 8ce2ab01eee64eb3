/** Every text that the storefront shows, as it stands in the calls of `t`, `tn` and `rich`. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const SOURCES = new URL("../src", import.meta.url).pathname;

export interface Message {
  text: string;
  /** The form for several, of a text that depends on a number. */
  many?: string;
}

export function readMessages(): Message[] {
  const found = new Map<string, Message>();
  for (const name of readdirSync(SOURCES, { recursive: true, encoding: "utf8" })) {
    if (!/\.tsx?$/.test(name)) continue;
    const source = readFileSync(join(SOURCES, name), "utf8");
    visit(ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true), (message) =>
      found.set(message.text, message),
    );
  }
  return [...found.values()];
}

function visit(node: ts.Node, add: (message: Message) => void): void {
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    const [first, second, third] = node.arguments;
    if (["t", "rich"].includes(node.expression.text)) for (const text of textsOf(first)) add({ text });
    if (node.expression.text === "tn") {
      const [one, many] = [textsOf(second)[0], textsOf(third)[0]];
      if (one !== undefined && many !== undefined) add({ text: one, many });
    }
  }
  ts.forEachChild(node, (child) => visit(child, add));
}

/** The literals that an argument can be: one, or both sides of a condition. */
function textsOf(node: ts.Expression | undefined): string[] {
  if (!node) return [];
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  return [];
}

/** The names in braces, sorted: a translation has the same ones. */
export const namesIn = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();
