import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ifUnlocked, lockFile } from "../../../src/keeper/systemd/lock.ts";

Deno.test("each name has one of 64 locks, always the same", () => {
  const files = Array.from({ length: 2000 }, (_, i) => lockFile("web", `task-${i}`));
  for (const file of files) assertMatch(file, /^\/run\/lanco\/web\/locks\/(\d|[1-5]\d|6[0-3])$/);
  assertEquals(new Set(files).size, 64);
  assertEquals(lockFile("web", "import"), lockFile("web", "import"));
  // Names that differ in one character do not wait for each other.
  assert(lockFile("web", "a") !== lockFile("web", "b"));
});

Deno.test("a lock is had by one at a time, and by the next when its file is closed", () => {
  const path = Deno.makeTempFileSync();
  try {
    const within = ifUnlocked(path, () => ifUnlocked(path, () => "both"));
    assertEquals(within, { result: undefined });
    assertEquals(ifUnlocked(path, () => "next"), { result: "next" });
    assertThrows(
      () =>
        ifUnlocked(path, () => {
          throw new Error("failed");
        }),
      Error,
      "failed",
    );
    assertEquals(ifUnlocked(path, () => "after a failure"), { result: "after a failure" });
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("the kernel takes a lock from a process that is killed", async () => {
  const path = Deno.makeTempFileSync();
  try {
    const holder = new Deno.Command("/bin/sh", {
      args: ["-c", 'exec 8>>"$0"; flock 8; echo locked; read -r _', path],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = holder.stdout.getReader();
    await reader.read();
    assertEquals(ifUnlocked(path, () => "had"), undefined);
    holder.kill("SIGKILL");
    await holder.status;
    assertEquals(ifUnlocked(path, () => "had"), { result: "had" });
    await reader.cancel();
    await holder.stdin.abort();
  } finally {
    Deno.removeSync(path);
  }
});
