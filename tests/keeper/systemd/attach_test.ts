import { assertEquals, assertMatch } from "@std/assert";
import { isInUnit, isPassing, refusal } from "../../../src/keeper/systemd/attach.ts";
import type { Namespace } from "../../../src/namespace/description.ts";

/** What busctl(1) has said on systemd 252 and 257. */
const SAID = {
  family: "Failed to connect to bus: Address family not supported by protocol",
  hidden: "Failed to connect to system scope bus via local transport: Operation not permitted",
  missing: "Failed to connect to system scope bus via local transport: No such file or directory",
  dead: "Call failed: No such process",
  refused: "Failed to connect to bus: Connection refused",
  full: "Failed to connect to bus: No buffer space available",
  restarted: "Call failed: Message recipient disconnected from message bus without replying",
  unit: "Call failed: Unit lanco-web.service not loaded.",
  inactive: "Call failed: Unit is not active, refusing.",
  foreign: "Call failed: Access denied",
};

Deno.test("what is otherwise in a moment is tried again", () => {
  const passing = Object.entries(SAID).filter(([, why]) => isPassing(why)).map(([name]) => name);
  assertEquals(passing, ["missing", "dead", "refused", "full", "restarted"]);
});

Deno.test("a refusal says which directive to change, or to have another keeper, in one line", () => {
  const message = (why: string) => refusal("web", why).message;
  assertMatch(
    message(SAID.family),
    /AF_UNIX: add it to its RestrictAddressFamilies=, or .*--keeper named/,
  );
  assertMatch(
    message(SAID.hidden),
    /Operation not permitted: .* the system bus, or .*--keeper named/,
  );
  for (const why of [SAID.unit, SAID.inactive]) {
    assertMatch(message(why), /no unit lanco-web\.service: run "sudo lanco web init" again$/);
  }
  for (const why of Object.values(SAID)) assertEquals(message(why).includes("\n"), false);
});

Deno.test("only what is below the unit is in it", () => {
  const web = { namespace: "web" } as Namespace;
  const paths = {
    "/system.slice/lanco-web.service/task-a": true,
    "/system.slice/lanco-web.service/shims/task-a": true,
    // As it is seen from another cgroup namespace.
    "/../../lanco-web.service/shims": true,
    "/system.slice/lanco-web.service": false,
    "/system.slice/lanco-web2.service/task-a": false,
    "/system.slice/x-lanco-web.service/task-a": false,
    "/user.slice/session-1.scope": false,
  };
  for (const [path, expected] of Object.entries(paths)) assertEquals(isInUnit(web, path), expected);
});
