import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, KEEPER, lives, OWNER, shell, STRANGER, TRACKER } from "../harness.ts";
import { stubborn } from "../attacks/owner_process.ts";
import { pythonOf } from "../attacks/python.ts";

/** Root's kill. */
const SCRIPT = Deno.readTextFileSync(new URL("../../src/root/kill.sh", import.meta.url));

/** The same in the round in which it strikes in the registered cgroup, too. */
const KILL = SCRIPT.replace(/^round=0$/m, "round=60");

/** Holds root's kill once, until somebody writes into the pipe. */
const HOLD = `hold() {
  [ -e "$HOLD/held" ] || { : >"$HOLD/held"; read -r _ <"$HOLD/go"; }
}
`;

/** Where root's kill is held, and what stands there. */
const PLACES: Readonly<Record<string, readonly [before: string, after: string]>> = {
  "is about to look at it": ['is_member "$pid" ||', 'hold; is_member "$pid" ||'],
  "has opened its file in /proc": [
    "while read -r line; do\n      told=yes",
    "while hold; read -r line; do\n      told=yes",
  ],
};

// Where systemd keeps a namespace, cgroup.kill kills, and no number.
if (KEEPER === "named") {
  for (const [when, [before, after]] of Object.entries(PLACES)) {
    cgroupTest(
      `root kills no process that gets the number of one that ends when root ${when}`,
      async (ns) => {
        assert(KILL.includes(before));
        const registered = `${ns.directory}/named/task-a`;
        const files = `${ns.scratch}/number_again.py`;
        Deno.copyFileSync(new URL("kill_number_again.py", import.meta.url), files);
        Deno.writeTextFileSync(`${ns.scratch}/reused_number.py`, pythonOf("reused_number.py"));
        for (const sh of [["dash"], ["bash", "--posix"], ["busybox", "sh"]]) {
          const namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
          let found: Record<string, unknown> = {};
          // A process of the script may take the number first: then nothing is proved.
          for (let tries = 0; found.same !== true && tries < 5; tries++) {
            await exec(["mkdir", registered]);
            // Else the agent would come when the process ends.
            Deno.writeTextFileSync(`${registered}/notify_on_release`, "0");
            const { ino } = Deno.statSync(registered);
            // Given no other hierarchy, it kills by numbers alone.
            const words = [ns.name, "task-a", String(ino), "task-a", ""];
            const kill = [...sh, "-c", HOLD + KILL.replace(before, after), "lanco", ...words];
            const hold = Deno.makeTempDirSync();
            const script = [files, hold, registered, String(OWNER), String(STRANGER), ...kill];
            const { code, stdout, stderr } = await exec([...namespace, "python3", ...script], {
              uid: 0,
            });
            assertEquals([code, stderr], [0, ""]);
            found = JSON.parse(stdout);
            Deno.removeSync(hold, { recursive: true });
            // The kill has taken it from its owner.
            Deno.removeSync(registered);
          }
          assertEquals(found, { same: true, held: true, status: 0, lives: true }, sh[0]);
        }
      },
    );
  }
}

cgroupTest("what root has taken of a task is in the way of no later run", async (ns) => {
  const upper = `${ns.directory}/${TRACKER}/task-a`;
  for (const sh of [["dash"], ["bash", "--posix"], ["busybox", "sh"]]) {
    const pids = await stubborn(ns);
    const { ino } = Deno.statSync(`${ns.directory}/named/task-a`);
    const [moved = 0] = ns.task("a");
    await shell(`mkdir -p ${upper}/below/deep; echo ${moved} >${upper}/below/deep/cgroup.procs`);
    const kill = (script: string) => {
      const words = [ns.name, "task-a", String(ino), "task-a", "", TRACKER];
      return exec([...sh, "-c", script, "lanco", ...words], { uid: 0 });
    };
    // As if the processes did not die: what was taken is given back, unless an agent removes it.
    const taken = SCRIPT.replace(/^round=0$/m, "round=20");
    const held = taken.replace("-le 300", "-le 21").replace(/^ +strike$/m, ":");
    assertEquals((await kill(held)).code, 1);
    const uid = KEEPER === "systemd" ? OWNER : 0;
    for (const path of ["", "/below", "/below/deep", "/below/deep/cgroup.procs"]) {
      assertEquals(Deno.statSync(upper + path).uid, uid, `${sh[0]}: ${path}`);
    }
    const { code, stderr } = await kill(taken);
    assertEquals([code, pids.filter(lives)], [0, []], stderr);
    await ns.gone("a");
    await ns.must("run", "a", "true");
    await ns.gone("a");
  }
});
