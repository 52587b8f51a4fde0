import common from "../../src/root/common.sh" with { type: "text" };
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { batchProperty } from "./property.ts";
import { partOf, underEachShell } from "./shells.ts";

/** A mount, as the kernel knows it. */
interface Mount {
  root: string;
  point: string;
  flags: string[];
  peers: string[];
  type: string;
  source: string;
  options: string[];
}

const CONTROLLERS = ["cpu", "cpuacct", "cpuset", "memory", "pids", "freezer", "devices", "blkio"]
  .concat("net_cls", "net_prio", "perf_event", "hugetlb", "rdma", "misc");
const OTHERS = ["seclabel", "xattr", "noprefix", "clone_children", "nsdelegate", "cpuset_v2_mode"]
  .concat("memory_recursiveprot", "release_agent=/lib/systemd/cgroups", "release_agent=/a b,cpu/*");
const NAMES = ["name=systemd", "name=elogind", "name=x.y_z-1", "name=lanco-web", "name=lanco-"];

/** What somebody may have called a directory or a device. */
const odd = fc.string({
  unit: fc.constantFrom(
    "a",
    "b",
    " ",
    "-",
    "\t",
    "\n",
    "\\",
    "#",
    '"',
    "'",
    "*",
    "$",
    ",",
    "é",
    "/",
  ),
  maxLength: 8,
});

const mounts: fc.Arbitrary<Mount> = fc.record({
  root: fc.oneof({ arbitrary: fc.constant("/"), weight: 5 }, odd.map((name) => `/${name}`)),
  point: fc.oneof(
    fc.constantFrom("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/cpu,cpuacct"),
    odd.map((name) => `/mnt/${name}`),
  ),
  flags: fc.subarray(["nosuid", "nodev", "noexec", "relatime"]).map((flags) => ["rw", ...flags]),
  peers: fc.subarray(["shared:7", "master:1", "propagate_from:2", "unbindable"]),
  type: fc.constantFrom("cgroup", "cgroup", "cgroup", "cgroup2", "cgroup2", "tmpfs", "fuse.cgroup"),
  source: fc.oneof(fc.constantFrom("cgroup", "none", "", "-", "- cgroup2 -"), odd),
  options: fc.tuple(
    fc.subarray([...CONTROLLERS], { maxLength: 3 }),
    fc.option(fc.constantFrom(...NAMES), { nil: undefined }),
    fc.subarray([...OTHERS], { maxLength: 2 }),
  ).map(([controllers, name, others]) => [
    "rw",
    ...others.filter((_, i) => i === 0),
    ...controllers,
    ...others.slice(1),
    ...(name === undefined ? [] : [name]),
  ]),
});

/** As the kernel escapes texts (fs/proc_namespace.c, seq_show_option). */
function escaped(text: string, letters: string): string {
  return [...text].map((letter) =>
    letters.includes(letter) ? `\\${letter.charCodeAt(0).toString(8).padStart(3, "0")}` : letter
  ).join("");
}

function line(mount: Mount, id: number): string {
  const name = (text: string) => escaped(text, " \t\n\\#");
  const options = mount.options.map((option) => {
    const [key = "", value] = option.split("=");
    return value === undefined ? key : `${key}=${escaped(value, ",= \t\n\\")}`;
  });
  const fields = [id, 1, `0:${id}`, name(mount.root), name(mount.point), mount.flags.join(",")];
  const rest = [...mount.peers, "-", mount.type, name(mount.source), options.join(",")];
  return `${[...fields, ...rest].join(" ")}\n`;
}

/** What is to be made of them: names, versions and mount points, the first of each name. */
function hierarchies(table: readonly Mount[]): string[] {
  const found = new Map<string, string>();
  for (const { root, point, type, options } of table) {
    // What would need quotes or escapes somewhere is passed over.
    if (root !== "/" || !/^[\w/:.,-]+$/.test(point)) continue;
    const name = type === "cgroup2" ? "unified" : type === "cgroup" ? nameOf(options) : "";
    if (name !== "" && !found.has(name)) {
      found.set(name, `${name} ${type === "cgroup2" ? 2 : 1} ${point}`);
    }
  }
  return [...found.values()];
}

function nameOf(options: readonly string[]): string {
  if (options.some((option) => option.startsWith("name=lanco-"))) return "";
  return options.filter((option) => CONTROLLERS.includes(option) || option.startsWith("name="))
    .map((option) => option.replace(/^name=/, "")).join(",");
}

batchProperty(
  "init finds the hierarchies in any mountinfo, under each shell",
  fc.array(mounts, { maxLength: 12 }),
  async (batch) => {
    const functions = ["cgroup_v1_name", "hierarchies"].map((name) =>
      partOf(common, new RegExp(`^${name}\\(\\) \\{[^]*?^\\}`, "m"))
    ).join("\n");
    const file = "/proc/self/mountinfo";
    const script = `set -eu
${functions.replace(file, '"$table"')}
for table in "$1"/*; do hierarchies; echo; done`;
    const directory = Deno.makeTempDirSync();
    try {
      for (const [i, table] of batch.entries()) {
        const place = `${directory}/${String(i).padStart(6, "0")}`;
        Deno.writeTextFileSync(place, table.map((mount, id) => line(mount, id + 20)).join(""));
      }
      for (const [shell, output] of await underEachShell(script, [directory])) {
        const answers = new TextDecoder().decode(output).split(/^\n/m);
        assertEquals([shell, answers.length], [shell, batch.length + 1]);
        for (const [i, table] of batch.entries()) {
          const expected = hierarchies(table).map((found) => `${found}\n`).join("");
          assertEquals({ shell, table, found: answers[i] }, { shell, table, found: expected });
        }
      }
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
);
