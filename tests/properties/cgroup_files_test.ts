import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseCgroups } from "../../src/task/process.ts";
import { anyText, property } from "./property.ts";

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
