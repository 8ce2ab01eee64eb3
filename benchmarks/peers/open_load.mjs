// Open arrivals: requests are sent when their time has come, whether or not those before them are
// answered; latency counts from that time. A plan comes on stdin, what was seen goes to stdout.
//   {"base": "http://…", "rate": a second, "count": n, "requests": [{method, path, headers, body}]}
import http from "node:http";
import { readFileSync } from "node:fs";

const plan = JSON.parse(readFileSync(0, "utf8"));
const agent = new http.Agent({ keepAlive: true, maxSockets: 400 });
const statuses = {};
const latencies = [];
let sent = 0;
let open = 0;
const started = process.cpuUsage(); // what loading Node took is no request's
let due = performance.now();
const began = due;

function send(request, since) {
  open += 1;
  const done = (status) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
    latencies.push(performance.now() - since);
    open -= 1;
    if (sent === plan.count && open === 0) finish();
  };
  const call = http.request(
    plan.base + request.path,
    { method: request.method, headers: request.headers, agent },
    (response) => {
      response.resume();
      response.on("end", () => done(response.statusCode));
    },
  );
  call.on("error", () => done("error"));
  call.end(request.body);
}

function tick() {
  const now = performance.now();
  while (sent < plan.count && due <= now) {
    send(plan.requests[sent % plan.requests.length], due);
    sent += 1;
    due += (-Math.log(1 - Math.random()) * 1000) / plan.rate; // Poisson
  }
  if (sent < plan.count) setTimeout(tick, Math.max(0, due - performance.now()));
}

function finish() {
  const { user, system } = process.cpuUsage(started);
  console.log(
    JSON.stringify({
      seconds: (performance.now() - began) / 1000,
      statuses,
      latencies,
      cpu_ms: (user + system) / 1000,
    }),
  );
  agent.destroy();
}

tick();
