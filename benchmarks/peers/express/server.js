// The stack that many shops start with: Express, and the answer in Redis as JSON text.
import { readFileSync } from "node:fs";
import express from "express";
import { createClient } from "redis";

const [url, db] = process.env.CACHE_URL.replace("unix://", "").split("?db=");
const client = createClient({ socket: { path: url }, database: Number(db) });
await client.connect();
const document = readFileSync(process.env.BARE_BODY, "utf8");

const app = express();
app.get("/product", async (request, response) => {
  let body = await client.get("product");
  if (body === null) {
    body = JSON.stringify(JSON.parse(document));
    await client.set("product", body, { EX: 3600 });
  }
  response.json(JSON.parse(body));
});
app.listen(Number(process.env.PORT), "127.0.0.1");
