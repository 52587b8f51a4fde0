import { assertEquals } from "@std/assert";
import { cgroupTree, isPopulated, processes } from "../../src/cgroup/cgroup.ts";

function inFakeTree(files: Record<string, string>, body: (root: string) => void): void {
  const root = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries(files)) {
      Deno.mkdirSync(`${root}/${name}`, { recursive: true });
      Deno.writeTextFileSync(`${root}/${name}/cgroup.procs`, text);
    }
    body(root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

Deno.test("processes() returns the processes of the whole tree, sorted, each once", () => {
  inFakeTree({ ".": "30\n7\n7\n", "x": "100\n", "x/y": "2\n" }, (root) => {
    assertEquals(processes(root), [2, 7, 30, 100]);
  });
});

Deno.test("processes() leaves out 0, by which kill(2) means the caller's process group", () => {
  inFakeTree({ ".": "0\n", "x": "0\n12\n" }, (root) => assertEquals(processes(root), [12]));
});

Deno.test("isPopulated() looks into sub-cgroups, and is false for a removed cgroup", () => {
  inFakeTree({ ".": "", "x/y": "1\n" }, (root) => assertEquals(isPopulated(root), true));
  inFakeTree({ ".": "", "x/y": "" }, (root) => assertEquals(isPopulated(root), false));
  assertEquals(isPopulated("/nonexistent"), false);
});

Deno.test("cgroupTree() returns parents before their children", () => {
  inFakeTree({ "x/y": "" }, (root) => {
    assertEquals(cgroupTree(root), [root, `${root}/x`, `${root}/x/y`]);
  });
});
