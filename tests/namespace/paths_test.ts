import { assertEquals } from "@std/assert";
import { isBelowLogs, visible } from "../../src/namespace/paths.ts";

Deno.test("visible() leads to files outside of /var/log through the root directory of the process", () => {
  const cases: [string, boolean, string][] = [
    ["/var/log/lanco-web/task-a.log", true, "/var/log/lanco-web/task-a.log"],
    ["/var/log/x/../y.log", true, "/var/log/y.log"],
    ["/var/logs", false, "/run/lanco/proc/self/root/var/logs"],
    ["/var/log/../../srv/a.log", false, "/run/lanco/proc/self/root/srv/a.log"],
    ["/srv/web.log", false, "/run/lanco/proc/self/root/srv/web.log"],
  ];
  for (const [path, below, seen] of cases) {
    assertEquals([isBelowLogs(path), visible(path)], [below, seen], path);
  }
});
