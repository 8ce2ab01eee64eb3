// Closed load: so many requests are under way at once, each sent once, the next when one
// is answered.
// A plan comes on stdin, what was seen goes to stdout.
//   {"base": "http://…", "atOnce": n, "expect": "…", "requests": [{method, path, headers, body}]}
// An answer is right where it is a 2xx whose text holds `expect`; of the others some are shown.
import http from "node:http";
import { readFileSync } from "node:fs";

const plan = JSON.parse(readFileSync(0, "utf8"));
const agent = new http.Agent({ keepAlive: true, maxSockets: plan.atOnce });
const latencies = [];
const wrong = [];

function send({ method, path, headers, body }) {
  return new Promise((resolve) => {
    const call = http.request(plan.base + path, { method, headers, agent }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        const text = Buffer.concat(parts).toString();
        const good = response.statusCode >= 200 && response.statusCode < 300;
        if (!good || !text.includes(plan.expect)) {
          wrong.push(`${response.statusCode} ${text.slice(0, 300)}`);
        }
        resolve();
      });
    });
    call.on("error", (error) => {
      wrong.push(String(error));
      resolve();
    });
    call.end(body);
  });
}

let next = 0;
async function client() {
  while (next < plan.requests.length) {
    const request = plan.requests[next++];
    const began = performance.now();
    await send(request);
    latencies.push(performance.now() - began);
  }
}

const began = performance.now();
await Promise.all(Array.from({ length: plan.atOnce }, client));
const seconds = (performance.now() - began) / 1000;
console.log(
  JSON.stringify({ seconds, latencies, wrong: wrong.length, shown: wrong.slice(0, 3) }),
);
agent.destroy();
