// Fails when the built client is 8 kB or more, gzipped.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 8_000;
const size = gzipSync(readFileSync(new URL("../dist/index.js", import.meta.url)), { level: 9 }).length;
console.log(`client: ${size} bytes gzipped (limit ${LIMIT})`);
if (size >= LIMIT) process.exitCode = 1;
