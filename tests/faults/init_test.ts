import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, KEEPER, LANCO, OWNER, OWNER_GROUP } from "../harness.ts";
import { CALLS, killing, steps } from "./fault.ts";

cgroupTest("init that is killed at any system call is completed by the next", async (ns) => {
  const init = [LANCO, ns.name, "init", "-u", String(OWNER), "-g", String(OWNER_GROUP)];
  let kills = 0;
  for (const call of CALLS) {
    // strace(1) counts the calls of each process, so that most have made their first only.
    for (const n of [1, ...steps(90, 30)]) {
      assertEquals((await exec([LANCO, ns.name, "release"], { uid: 0 })).code, 0);
      const killed = await exec([...killing(call, n, "-f"), ...init], { uid: 0 });
      // With a half made namespace no command may answer that a task is not running.
      assert([1, 3, 5].includes((await ns.lanco("check", "a")).code), `${call} ${n}`);
      await ns.init();
      await ns.must("run", "a", "sleep", "1000");
      await ns.must("stop", "--now", "a");
      if (killed.code === 0) break;
      kills++;
    }
  }
  assert(kills > 9, `${kills} kills`);
});

// In this mount namespace init fails at its end, because the kernel starts agents elsewhere.
cgroupTest(
  "init that begins while the last namespace is released makes the proc anew",
  async (ns) => {
    const name = `${ns.name}-b`;
    const line = `awk '$5 ~ "^/run/lanco/" { print $5 }' /proc/self/mountinfo | sort -r |
      xargs -r -n 1 umount --lazy
    mount -t tmpfs -o mode=755 none /run/lanco && mkdir /run/lanco/proc
    exec 9>>/run/lanco/.lock && flock 9
    ${LANCO} ${name} init -u ${OWNER} 9>&- &
    until ls -d /run/lanco/${name}/named; do kill -0 $! || exit 9; sleep 0.05; done >/dev/null 2>&1
    sleep 0.2
    rmdir /run/lanco/proc && flock -u 9 && wait $!`;
    const { code, stderr } = await exec(
      ["unshare", "--mount", "--propagation", "private", "sh", "-c", line],
      { uid: 0 },
    );
    if (KEEPER === "systemd") {
      // It does not fail there: its unit is no part of the mount namespace.
      assertEquals(code, 0, stderr);
      await exec([LANCO, name, "init", "-u", String(OWNER)], { uid: 0 });
      assertEquals((await exec([LANCO, name, "release"], { uid: 0 })).code, 0);
      return;
    }
    assertEquals(code, 1);
    assertMatch(stderr, /the kernel does not run .*release-agent: run init in the first mount/);
  },
);
