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

/** Starts processes one after the other, in a thread of its own; says when it has begun. */
const STARTER = `data:text/javascript,for (;;) {
  await new Deno.Command("/bin/true").output();
  postMessage("started");
}`;

Deno.test("a lock is free at once, even while another thread starts processes", async () => {
  const path = Deno.makeTempFileSync();
  const worker = new Worker(STARTER, { type: "module" });
  try {
    await new Promise((resolve) => worker.onmessage = resolve);
    // Each process that is being started has the file open for a moment.
    for (let i = 0; i < 5000; i++) {
      assertEquals(ifUnlocked(path, () => "had"), { result: "had" }, `${i}`);
    }
  } finally {
    worker.terminate();
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
