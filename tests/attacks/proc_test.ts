import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, exists, LANCO, OWNER, OWNER_GROUP, STRANGER } from "../harness.ts";

const PROC = "/run/lanco/proc";

/** The user id of a process; undefined if it has ended. */
function owner(pid: string): number | undefined {
  try {
    return Deno.statSync(`/proc/${pid}`).uid ?? undefined;
  } catch {
    return undefined;
  }
}

cgroupTest(
  "/run/lanco/proc shows a user his own processes, and nothing else of the host",
  async (ns) => {
    const mount = Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
      .find((line) => line.includes(` ${PROC} `)) ?? "";
    assertMatch(
      mount,
      / ro,nosuid,nodev,noexec,\S+ .*- proc \S+ ro,hidepid=ptraceable,subset=pid$/,
    );
    await ns.must("run", "a", "sleep", "1000");
    const [pid = 0] = ns.task("a");
    // Group 0 does not let a user see more.
    for (const groups of [[], [0, 4]]) {
      for (const uid of [STRANGER, 2]) {
        const { stdout } = await exec(["ls", PROC], { uid, groups });
        // Parallel tests may have processes of that user.
        const numbers = stdout.split("\n").filter((name) => /^\d+$/.test(name));
        assert(numbers.every((name) => [undefined, uid].includes(owner(name))), stdout);
        for (const file of [`${pid}/cmdline`, "1/comm", "1", "sys", "meminfo", "cmdline"]) {
          assert((await exec(["ls", `${PROC}/${file}`], { uid, groups })).code !== 0, file);
        }
      }
    }
    assertEquals((await exec(["cat", `${PROC}/${pid}/comm`])).stdout, "sleep\n");
  },
);

cgroupTest(
  "no kernel parameter can be set through /run/lanco, not even by root of a container",
  async (ns) => {
    await ns.must("run", "a", "true");
    for (const file of ["sys/kernel/core_pattern", "sysrq-trigger", "self/oom_score_adj"]) {
      const { code } = await exec([
        "sh",
        "-c",
        `cat ${PROC}/${file} >/dev/null && echo x >${PROC}/${file}`,
      ], {
        uid: 0,
      });
      assert(code !== 0, file);
    }
    // A user who cannot see others' processes in /proc cannot see them through /run either.
    const bound = ["unshare", "--mount", "sh", "-c"];
    const inside = `mount -t tmpfs none /proc && setpriv --reuid=${OWNER} --regid=${OWNER_GROUP} ` +
      `--clear-groups --no-new-privs ${LANCO} ${ns.name} run b sleep 1000`;
    assertEquals((await exec([...bound, inside], { uid: 0 })).code !== 101, true);
    assert(!exists(`${PROC}/sys`));
  },
);

cgroupTest("lanco works in a sandbox that sees no process but its own", async (ns) => {
  const sandbox = ["unshare", "--mount", "--propagation", "private", "sh", "-c"];
  const inside =
    "mount -o remount,hidepid=2 /proc 2>/dev/null; mount -t proc -o hidepid=2 p /proc; " +
    `exec setpriv --reuid=${OWNER} --regid=${OWNER_GROUP} --clear-groups --no-new-privs sh -c '` +
    `${LANCO} ${ns.name} run --memory 50% a sleep 1000 && ${LANCO} ${ns.name} dump && ` +
    `${LANCO} ${ns.name} stop a'`;
  const { code, stdout, stderr } = await exec([...sandbox, inside], { uid: 0 });
  assertEquals([code, stderr], [0, ""]);
  const dump = JSON.parse(stdout);
  assertEquals([dump.count, dump.tasks.a.command], [1, ["sleep", "1000"]]);
  const uptime = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 1000;
  assert(Math.abs(uptime - dump.timestamp) < 2000, `${uptime} ${dump.timestamp}`);
});
