import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, LANCO, OWNER, OWNER_GROUP } from "../harness.ts";
import { readOf, whileActing } from "./acting.ts";

/** A limit of a process, soft and hard. */
function limit(pid: number, name: string): string[] {
  return new RegExp(`^${name} +(\\S+) +(\\S+)`, "m").exec(readOf(pid, "limits"))?.slice(1) ?? [];
}

/** The words of /proc/PID/stat behind the name: the state is the third field (proc_pid_stat(5)). */
function field(pid: number, number: number): string {
  return readOf(pid, "stat").replace(/.*\) /s, "").split(" ")[number - 3] ?? "";
}

cgroupTest("what acts for root has nothing of root's but the streams", async (ns) => {
  const setting = "exec 3</etc/shadow 9</etc/shadow 63</etc/shadow; ulimit -Sf 99; ulimit -Sc 7;" +
    'echo 500 >/proc/$$/oom_score_adj; cd /root; exec nice -n 7 chrt --batch 0 "$@"';
  // At a terminal, of which it must not be the session.
  const words = [
    "script",
    "-qec",
    `bash -c '${setting}' bash ${LANCO} ${ns.name} events`,
    "/dev/null",
  ];
  await whileActing(words, ({ acting }) => {
    const status = readOf(acting, "status");
    assertMatch(status, new RegExp(`^Uid:(\\s${OWNER}){4}$`, "m"));
    assertMatch(status, new RegExp(`^Gid:(\\s${OWNER_GROUP}){4}$`, "m"));
    assertMatch(status, new RegExp(`^Groups:\\s${OWNER_GROUP} $`, "m"));
    assertMatch(status, /^CapEff:\s0*800000000$/m);
    assertMatch(status, /^CapBnd:\s0*800000000$/m);
    assertMatch(status, /^NoNewPrivs:\s1$/m);
    const links = [...Deno.readDirSync(`/proc/${acting}/fd`)].map(({ name }) =>
      Deno.readLinkSync(`/proc/${acting}/fd/${name}`)
    );
    assert(!links.some((link) => link.includes("shadow")), links.join(" "));
    assertEquals(Deno.readLinkSync(`/proc/${acting}/cwd`), "/");
    const variables = readOf(acting, "environ").split("\0").map((line) => line.split("=")[0]);
    const known = /^(HOME|PATH|PWD|SHLVL|_|OLDPWD|TERM|LANG|LC_\w+|TZ|NO_COLOR|LANCO_FOR_ROOT|)$/;
    assertEquals(variables.filter((name) => !known.test(name ?? "")), []);
    assertMatch(readOf(acting, "environ"), /(^|\0)HOME=\/\0/);
    // A session of its own, without a terminal: fields 6 and 7, then nice and policy.
    assertEquals([field(acting, 6), field(acting, 7)], [String(acting), "0"]);
    assertEquals([field(acting, 19), field(acting, 41)], [field(1, 19), "0"]);
    assertEquals(readOf(acting, "oom_score_adj"), readOf(1, "oom_score_adj"));
    for (const name of ["Max file size", "Max core file size"]) {
      assertEquals(limit(acting, name), limit(1, name));
    }
    return Promise.resolve();
  });
});

cgroupTest("what acts for root is not in the owner's hands", async (ns) => {
  await whileActing([LANCO, ns.name, "batch"], async ({ acting }) => {
    for (
      const attempt of [
        `strace -p ${acting} -o /dev/null -e trace=none`,
        `cat /proc/${acting}/environ`,
        `head -c 1 /proc/${acting}/mem`,
        `readlink /proc/${acting}/fd/0`,
        `echo x >/proc/${acting}/fd/1`,
      ]
    ) {
      const { code } = await exec(["timeout", "5", "sh", "-c", attempt]);
      assert(code !== 0 && code !== 124, `${attempt}: ${code}`);
    }
  });
});
