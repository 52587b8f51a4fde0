import { assert, assertEquals } from "@std/assert";
import {
  cgroupTest,
  exec,
  LANCO,
  OWNER,
  OWNER_NAME,
  type TestNamespace,
  until,
} from "../harness.ts";

/** A command that prints ascending numbers, one a line, without end. */
const COUNT = ["sh", "-c", "i=0; while :; do i=$((i + 1)); echo $i; sleep 0.005; done"];

/** The example, adapted to the namespace as an administrator would. */
async function configuration(ns: TestNamespace): Promise<string> {
  const { stdout } = await exec([LANCO, "man", "logrotate"]);
  const section = stdout.split("\n").filter((line) => /^#(\/|\t|\})/.test(line))
    .map((line) => line.slice(1)).join("\n");
  return section.replace("lanco-web", `lanco-${ns.name}`).replace(
    "su app app",
    `su ${OWNER_NAME} ${OWNER_NAME}`,
  ) +
    "\n";
}

async function logrotate(ns: TestNamespace): Promise<void> {
  const file = `/tmp/logrotate-${ns.name}`;
  Deno.writeTextFileSync(file, await configuration(ns), { mode: 0o644 });
  try {
    const command = ["/usr/sbin/logrotate", "--force", "--state", `${file}.state`, file];
    const { code, stderr } = await exec(command, { uid: 0 });
    assertEquals([code, stderr], [0, ""]);
  } finally {
    Deno.removeSync(file);
    Deno.removeSync(`${file}.state`);
  }
}

function numbers(ns: TestNamespace, suffix = ""): number[] {
  const text = Deno.readTextFileSync(`${ns.logs}/task-count.log${suffix}`);
  // The last line may be incomplete.
  return text.split("\n").slice(0, -1).map(Number);
}

function logs(ns: TestNamespace): string[] {
  return [...Deno.readDirSync(ns.logs)].filter(({ isFile }) => isFile).map(({ name }) => name)
    .sort();
}

async function written(ns: TestNamespace, lines: number): Promise<void> {
  await until("the task has written", () => numbers(ns).length >= lines);
}

cgroupTest("logrotate shortens the log of a running task, which goes on at its end", async (ns) => {
  await ns.must("run", "count", ...COUNT);
  for (const number of [1, 2]) {
    await written(ns, 20);
    await logrotate(ns);
    assert(logs(ns).includes(`task-count.log.${number}`));
  }
  await written(ns, 20);
  const parts = [".2", ".1", ""].map((suffix) => numbers(ns, suffix));
  const all = parts.flat();
  // No line is doubled or out of order, and no part has a gap. Only the lines between copy and
  // truncation are lost, which are fewer than 20 each time.
  assertEquals(all, all.toSorted((a, b) => a - b));
  assert(all.every(Number.isInteger), all.join(" "));
  for (const part of parts) assertEquals(part.at(-1)! - part[0]!, part.length - 1);
  assert(all.at(-1)! - all.length <= 40, `${all.at(-1)} lines, ${all.length} kept`);
  const { uid, mode } = Deno.statSync(`${ns.logs}/task-count.log.1`);
  assertEquals([uid, mode! & 0o777], [OWNER, 0o640]);
});

cgroupTest("logrotate and lanco share the numbers of the logs", async (ns) => {
  await ns.must("run", "count", ...COUNT);
  await written(ns, 5);
  await logrotate(ns);
  const first = numbers(ns, ".1");
  await written(ns, 5);
  await ns.must("stop", "count");
  const second = numbers(ns);
  await ns.must("run", "count", ...COUNT);
  assertEquals(numbers(ns, ".1"), second);
  assertEquals(numbers(ns, ".2"), first);
  await written(ns, 5);
  await logrotate(ns);
  assertEquals(numbers(ns, ".2"), second);
  assertEquals(numbers(ns, ".3"), first);
  // After eleven more rotations neither logrotate nor lanco keeps more than ten logs.
  for (let i = 0; i < 11; i++) {
    await written(ns, 1);
    await logrotate(ns);
  }
  assertEquals(logs(ns).length, 11);
  await ns.must("stop", "count");
  await ns.must("run", "count", "true");
  assertEquals(logs(ns).length, 11);
});
