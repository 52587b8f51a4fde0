import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, KEEPER, OWNER, STRANGER } from "../harness.ts";
import { pythonOf } from "../attacks/python.ts";

/** Root's kill in the round in which it strikes in the registered cgroup, too. */
const KILL = Deno.readTextFileSync(new URL("../../src/root/kill.sh", import.meta.url))
  .replace(/^round=0$/m, "round=60");

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
          await exec(["mkdir", registered]);
          // Else the agent would come when the process ends.
          Deno.writeTextFileSync(`${registered}/notify_on_release`, "0");
          const { ino } = Deno.statSync(registered);
          // Given no other hierarchy, it kills by numbers alone.
          const words = [ns.name, "task-a", String(ino), "task-a", ""];
          const kill = [...sh, "-c", HOLD + KILL.replace(before, after), "lanco", ...words];
          const hold = Deno.makeTempDirSync();
          const script = [files, hold, registered, String(OWNER), String(STRANGER), ...kill];
          const namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
          let found: Record<string, unknown> = {};
          // A process of the script may take the number first: then nothing is proved.
          for (let tries = 0; found.same !== true && tries < 5; tries++) {
            const words = [...namespace, "python3", ...script];
            const { code, stdout, stderr } = await exec(words, { uid: 0 });
            assertEquals([code, stderr], [0, ""]);
            found = JSON.parse(stdout);
          }
          assertEquals(found, { same: true, held: true, status: 0, lives: true }, sh[0]);
          Deno.removeSync(hold, { recursive: true });
          Deno.removeSync(registered);
        }
      },
    );
  }
}
