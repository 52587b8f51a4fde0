import { assertEquals, assertMatch } from "@std/assert";
import { limitBehind } from "../../src/namespace/caller_limits.ts";
import { cgroupTest } from "../harness.ts";

/** Makes a directory that stands for a proc(5) whose `self` has these limits. */
function procWith(limits: string): string {
  const proc = Deno.makeTempDirSync();
  Deno.mkdirSync(`${proc}/self`);
  Deno.writeTextFileSync(`${proc}/self/limits`, limits);
  return proc;
}

Deno.test("limitBehind() names the limit, its value, and whether it is the caller's or the host's", () => {
  const proc = procWith(`Limit                     Soft Limit           Hard Limit           Units
Max file size             4096                 unlimited            bytes
Max stack size            131072               unlimited            bytes
Max processes             7                    9                    processes
Max open files            16                   1048576              files
`);
  const cases: [string, RegExp][] = [
    ["Argument list too long (os error 7)", /128 KiB .*\(RLIMIT_STACK, .*\), which is 131072:/],
    ["Failed to spawn 'x': (os error 11)", /caller's limit \(RLIMIT_NPROC, "ulimit -u"\) is 7,/],
    ["Cannot allocate memory (os error 12)", /not enough memory: .*RLIMIT_AS/],
    ["Too many open files in system (os error 23)", /host's limit .*fs\.file-max/],
    ["Too many open files (os error 24)", /\(RLIMIT_NOFILE, "ulimit -n"\) is 16: raise it/],
    ["File too large (os error 27)", /\(RLIMIT_FSIZE, "ulimit -f"\) is 4096 bytes: raise it/],
  ];
  try {
    for (const [message, why] of cases) {
      assertMatch(limitBehind(new Error(message), proc) ?? "", why);
      assertMatch(limitBehind(new Error(message), "/nonexistent") ?? "", /reached|memory|128 KiB/);
    }
    // EAGAIN of a non-blocking stream, and an error that has nothing to do with limits.
    for (const message of ["(os error 11)", "(os error 13)", "no number"]) {
      assertEquals(limitBehind(new Error(message), proc), undefined);
    }
  } finally {
    Deno.removeSync(proc, { recursive: true });
  }
});

cgroupTest("what is too long for the kernel is said so, and nothing runs", async (ns) => {
  Deno.writeTextFileSync(`${ns.scratch}/long`, `A=${"x".repeat(200_000)}\n`);
  for (const [options, status] of [[[], 1], [["-f"], 125]] as const) {
    const given = [...options, "--env-file", `${ns.scratch}/long`];
    const { code, stderr } = await ns.lanco("run", ...given, "a", "true");
    assertEquals(code, status);
    assertMatch(stderr, /too long: the kernel takes 128 KiB for each, .*RLIMIT_STACK.*: shorten/);
    assertEquals(ns.traces(), []);
  }
});
