import { assert, assertEquals } from "@std/assert";
import {
  cgroupTest,
  exec,
  LANCO,
  lives,
  OWNER,
  shell,
  type TestNamespace,
  until,
} from "../harness.ts";

/** Stops the task within ten seconds, and looks whether it is dead. */
async function stops(ns: TestNamespace, uid: number, ...how: string[]): Promise<void> {
  const pids = ns.pids("named/task-a");
  assert(pids.length > 0);
  const command = ["timeout", "10", LANCO, ns.name, "stop", ...how, "a"];
  const { code, stderr } = await exec(command, { uid });
  assertEquals(code, 0, `${uid}: ${stderr}`);
  assertEquals(pids.filter(lives), []);
}

cgroupTest("what lies in the place of a record keeps nobody from killing", async (ns) => {
  const traps = ["mkfifo", "mkdir", "ln -s /dev/tty", "ln -s /etc/shadow", "ln -s .", ": >"];
  for (const uid of [OWNER, 0]) {
    for (const trap of traps) {
      await ns.must("run", "a", "sh", "-c", "trap '' TERM; sleep 1000; sleep 1000");
      const place = ns.runDirectory("a");
      await shell(`cd ${place} && rm -f run.json status stopped
        for file in run.json status stopped; do ${trap} $file; done`);
      await stops(ns, uid, "--now");
      await shell(`rm -rf ${place}`);
    }
  }
});

cgroupTest("a full or closed directory of records keeps nobody from killing", async (ns) => {
  const runs = `${ns.directory}/runs`;
  for (const uid of [OWNER, 0]) {
    for (
      const trap of [`head -c 100M /dev/zero >${runs}/full`, `chmod 0 $run`, `chmod 0 ${runs}`]
    ) {
      await ns.must("run", "a", "sh", "-c", "trap '' TERM; sleep 1000; sleep 1000");
      const run = ns.runDirectory("a");
      await shell(`run=${run}; ${trap} 2>/dev/null`);
      await stops(ns, uid, "--now");
      await shell(`chmod 2750 ${runs}; chmod 750 ${run}; rm -rf ${runs}/full ${run}`);
    }
  }
});

cgroupTest(
  "a record that calls a process of the task its shim saves it from nothing",
  async (ns) => {
    for (const how of [["--now"], ["-t", "1"]]) {
      await ns.must("run", "a", "sh", "-c", "trap '' TERM; sleep 1000 & sleep 1000; sleep 1000");
      await until("all are there", () => ns.task("a").length === 3);
      for (const pid of ns.task("a")) {
        if (!lives(pid)) continue;
        await shell(`sed -i 's/"shim":[0-9]*/"shim":${pid}/' ${ns.runDirectory("a")}/run.json`);
        break;
      }
      await stops(ns, OWNER, ...how);
      // A shim that is held does not hold the task.
      await ns.must("run", "a", "sleep", "1000");
      Deno.kill(ns.shim("a"), "SIGSTOP");
      await stops(ns, OWNER, ...how);
    }
  },
);
