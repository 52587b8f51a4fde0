import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseCgroups } from "../../src/task/process.ts";
import { parseLines } from "../../src/task/usage_bulk.ts";
import { anyText, property, textOf } from "./property.ts";

const hierarchies = fc.oneof(
  fc.constantFrom("", "cpu,cpuacct", "memory", "name=systemd", "name=lanco-web", "pids"),
  fc.constantFrom("cpu,name=both"),
);

/** A cgroup's name may have any letter but NUL, a slash, and the end of a line (cgroup_mkdir). */
const name = anyText.map((text) => text.replaceAll(/[\0\n/]/g, "_"));
const paths = fc.array(name, { maxLength: 3 }).map((names) => `/${names.join("/")}`);

property(
  "parseCgroups() finds the path in each hierarchy, whatever cgroups are called",
  fc.uniqueArray(fc.tuple(hierarchies, paths), { selector: ([hierarchy]) => hierarchy }),
  (given) => {
    const lines = given.map(([hierarchy, path], i) =>
      `${hierarchy === "" ? 0 : i + 1}:${hierarchy}:${path}\n`
    );
    assertEquals(
      [...parseCgroups(lines.join(""))],
      given.map((
        [hierarchy, path],
      ) => [hierarchy === "" ? "unified" : hierarchy.replace(/\bname=/, ""), path]),
    );
  },
);

property("parseCgroups() makes nothing of what is no such file", anyText, (text) => {
  for (const [hierarchy, path] of parseCgroups(text)) {
    const full = `${hierarchy === "unified" ? "" : hierarchy}:${path}`;
    assertEquals(text.replaceAll("name=", "").includes(full), true);
  }
});

const task = textOf("abcXYZ019._-", 30).map((text) => text.replaceAll(/[^\w.-]/g, "_") || "x");
const found = fc.record({
  place: fc.constantFrom("unified", "memory", "cpu,cpuacct", "blkio"),
  // The owner may make cgroups that lanĉo would not have called so.
  task: fc.oneof(task, name.map((text) => text || "x")),
  file: fc.constantFrom("cpu.stat", "memory.current", "cpu.pressure"),
  line: fc.oneof(textOf("some total=avg10 0123456789.:/", 40), fc.nat().map(String))
    .map((text) => text.replaceAll("\n", " ")),
});

property(
  "parseLines() tells task, file and line apart, whatever cgroups are called",
  fc.array(found, { maxLength: 5 }),
  (given) => {
    const text = given.map(({ place, task, file, line }) =>
      `${place}/task-${task}/${file}:${line}`
    );
    assertEquals(
      parseLines(text.join("\n") + "\n"),
      given.map(({ task, file, line }) => ({ task, file, line })),
    );
  },
);

property(
  "parseLines() leaves out what is of no task",
  fc.oneof(anyText, textOf("task-/:.x\n", 30)),
  (text) => {
    for (const { task, file, line } of parseLines(text)) {
      assertEquals(text.includes(`/task-${task}/${file}:${line}`), true);
    }
  },
);
