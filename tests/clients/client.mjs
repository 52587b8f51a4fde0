// A daemon that runs 20 jobs by lanĉo and collects how they end, and may be killed at any time.
//
//   node client.mjs LANCO NAMESPACE RESULTS    RESULTS gets a line "job status" for each, once
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [lanco, namespace, results] = process.argv.slice(2);
const jobs = new Map(
  Array.from({ length: 20 }, (_, i) => [`job${i}`, ["sh", "-c", `sleep 1.${i % 7}; exit ${i}`]]),
);
const known = existsSync(results) ? readFileSync(results, "utf8").split("\n") : [];
const collected = new Set(known.filter((line) => line !== "").map((line) => line.split(" ")[0]));

// One "lanco batch" executes requests at once, and answers each when it is done.
const batch = spawn(lanco, [namespace, "batch"], { stdio: ["pipe", "pipe", "inherit"] });
const asked = new Map();

function ask(command, fields) {
  const id = asked.size + 1;
  batch.stdin.write(JSON.stringify({ id, command, ...fields }) + "\n");
  return new Promise((resolve) => asked.set(id, resolve));
}

function collect(job, { code, signal }) {
  if (!jobs.has(job) || collected.has(job)) return;
  collected.add(job);
  appendFileSync(results, `${job} ${code ?? signal}\n`);
  if (collected.size === jobs.size) batch.stdin.end();
}

async function start(job, command) {
  const how = { once: true, timeout: "1m", label: { client: "node" } };
  const { exitStatus, messages } = await ask("run", { task: job, args: command, ...how });
  if (exitStatus === 4) {
    // It was started in a former life of this daemon; its end may be on record.
    const { exitStatus: known, output } = await ask("status", { task: job });
    // 3: whoever was starting it has been killed, and it was not started.
    if (known === 3) setTimeout(start, 100, job, command);
    else if (output.ended !== null) collect(job, output);
  } else if (exitStatus !== 0) {
    throw new Error(messages.join("\n"));
  }
}

ask("events", { label: ["client=node"] });
if (collected.size === jobs.size) batch.stdin.end();
for await (const line of createInterface({ input: batch.stdout })) {
  const answer = JSON.parse(line);
  if (answer.event?.event === "ready") {
    // From now on each end is told.
    for (const [job, command] of jobs) if (!collected.has(job)) start(job, command);
  } else if (answer.event?.event === "end") {
    collect(answer.event.task, answer.event);
  } else if (!answer.event) {
    asked.get(answer.id)?.(answer);
  }
}
