import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, LANCO, OWNER, OWNER_GROUP } from "../harness.ts";
import { readOf, whileActing } from "./owner_process.ts";

/** The soft and the hard limit of a process. */
function limit(pid: number, name: string): string[] {
  return new RegExp(`^${name} +(\\S+) +(\\S+)`, "m").exec(readOf(pid, "limits"))?.slice(1) ?? [];
}

/** A field of /proc/PID/stat, counted from 1: the state, behind the name, is field 3 (proc_pid_stat(5)). */
function field(pid: number, number: number): string {
  return readOf(pid, "stat").replace(/.*\) /s, "").split(" ")[number - 3] ?? "";
}

/** What root's command leaves open, and is set to, when it starts. */
const SETTING = "exec 3</etc/shadow 9</etc/shadow 63</etc/shadow; ulimit -Sf 99; ulimit -Sc 7;" +
  'echo 500 >/proc/$$/oom_score_adj; cd /root; exec nice -n 7 chrt --batch 0 "$@"';

/** A command of root's with a terminal, which must not control the process that acts for it. */
const onTerminal = (...words: string[]) => [
  "script",
  "-qec",
  `bash -c '${SETTING}' bash ${words.join(" ")}`,
  "/dev/null",
];

/** Returns where a descriptor leads; "" if the process has closed it meanwhile. */
function linkAt(descriptor: string): string {
  try {
    return Deno.readLinkSync(descriptor);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Asserts that a process has nothing of root's but what it is given on purpose. */
function assertNothingOfRoots(acting: number): void {
  const status = readOf(acting, "status");
  assertMatch(status, new RegExp(`^Uid:(\\s${OWNER}){4}$`, "m"));
  assertMatch(status, new RegExp(`^Gid:(\\s${OWNER_GROUP}){4}$`, "m"));
  assertMatch(status, new RegExp(`^Groups:\\s${OWNER_GROUP} $`, "m"));
  assertMatch(status, /^CapEff:\s0*800000000$/m);
  assertMatch(status, /^CapBnd:\s0*800000000$/m);
  assertMatch(status, /^NoNewPrivs:\s1$/m);
  const links = [...Deno.readDirSync(`/proc/${acting}/fd`)].map(({ name }) =>
    linkAt(`/proc/${acting}/fd/${name}`)
  );
  assert(!links.some((link) => link.includes("shadow")), links.join(" "));
  assertEquals(Deno.readLinkSync(`/proc/${acting}/cwd`), "/");
  const variables = readOf(acting, "environ").split("\0").map((line) => line.split("=")[0]);
  const known = /^(HOME|PATH|PWD|SHLVL|_|OLDPWD|TERM|LANG|LC_\w+|TZ|NO_COLOR|LANCO_FOR_ROOT|)$/;
  assertEquals(variables.filter((name) => !known.test(name ?? "")), []);
  assertMatch(readOf(acting, "environ"), /(^|\0)HOME=\/\0/);
  // Fields 6 and 7 are the session and its terminal, 19 and 41 nice and the scheduling policy.
  assertEquals([field(acting, 6), field(acting, 7)], [String(acting), "0"]);
  assertEquals([field(acting, 19), field(acting, 41)], [field(1, 19), "0"]);
  assertEquals(readOf(acting, "oom_score_adj"), readOf(1, "oom_score_adj"));
  for (const name of ["Max file size", "Max core file size"]) {
    assertEquals(limit(acting, name), limit(1, name));
  }
}

cgroupTest("the process that acts for root inherits nothing but root's streams", async (ns) => {
  await whileActing(onTerminal(LANCO, ns.name, "events"), ({ acting }) => {
    assertNothingOfRoots(acting);
    return Promise.resolve();
  });
});

cgroupTest(
  "nor does the process that finds out whether the owner may execute lanco",
  async (ns) => {
    // It is held for as long as root waits for it.
    const held = ["-e", "trace=access", "-e", "inject=access:delay_enter=7000000"];
    const strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", LANCO, ...held];
    const words = onTerminal(...strace, LANCO, ns.name, "check", "a");
    await whileActing(words, async ({ acting, ended }) => {
      assertNothingOfRoots(acting);
      assert((await exec(["readlink", `/proc/${acting}/fd/0`])).code !== 0);
      const { code, stdout } = await ended;
      assertMatch(stdout, /cannot act as games: a process of this user was held for 5 seconds/);
      assertEquals(code, 1);
    }, { executes: Deno.realPathSync("/usr/bin/test") });
  },
);

cgroupTest("the owner can neither trace nor read the process that acts for root", async (ns) => {
  await whileActing([LANCO, ns.name, "events"], async ({ outer, acting, ended }) => {
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
    Deno.kill(outer, "SIGTERM");
    assertEquals((await ended).code, 143);
  });
});
