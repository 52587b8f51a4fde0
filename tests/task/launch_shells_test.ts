import { assert } from "@std/assert";
import { isLaunchShell, shellArguments, type ShellRole } from "../../src/task/launch_shells.ts";

const ROLES: readonly ShellRole[] = ["lanco-shim", "lanco-pool", "lanco-exit", "lanco-child"];

const line = (...words: string[]) => words.join("\0") + "\0";

/** What a shell of a role begins with in version 1.1.0, as it starts and with descriptors above 9. */
const FORMER: Readonly<Record<string, readonly string[]>> = {
  "lanco-shim": ['# Started by "run" with the', "# The shim: the parent of"],
  "lanco-pool": ['# Started by "run" with the', "# The nursery: a shell that"],
  "lanco-exit": ['# Started by "run" with the', "# Waits for the end of a task and"],
  "lanco-child": ["# What becomes the command. It"],
};

for (const role of ROLES) {
  Deno.test(`isLaunchShell() recognises ${role}, whole and cut off, and setsid before it`, () => {
    const words = ["/bin/sh", ...shellArguments(role, "# Any text\n", "a")];
    for (const whole of [line(...words), line("/usr/bin/setsid", ...words)]) {
      assert(isLaunchShell(whole, role));
      assert(isLaunchShell(whole.slice(0, -2), role));
    }
    assert(isLaunchShell(line(...words).slice(0, "/bin/sh\0-c\0eva".length), role));
  });

  Deno.test(`isLaunchShell() takes no other role for ${role}`, () => {
    for (const other of ROLES.filter((one) => one !== role)) {
      assert(!isLaunchShell(line("/bin/sh", ...shellArguments(other, ":")), role));
    }
    assert(isLaunchShell(line("/bin/sh", ...shellArguments(role, ":")), ...ROLES));
  });

  Deno.test(`isLaunchShell() recognises ${role} of version 1.1.0`, () => {
    for (const text of FORMER[role] ?? []) {
      assert(isLaunchShell(line("/bin/sh", "-c", `${text} text\n`, "lanco", "a"), role));
    }
    const [first = ""] = FORMER[role] ?? [];
    assert(isLaunchShell(line("/usr/bin/setsid", "/bin/sh", "-c", first), role));
  });
}

Deno.test("isLaunchShell() refuses what is no shell of a launch, or not enough to tell", () => {
  for (
    const words of [
      ["/bin/sh"],
      ["/bin/sh", "-c", ""],
      ["/bin/sh", "-c", "#"],
      ["/bin/sh", "-c", "# Started by"],
      ["/bin/sh", "-c", 'eval "$1"'],
      ["/bin/sh", "-c", 'eval "$1"', "lanco", "true"],
      ["/bin/sh", "-c", 'eval "$1"', "lanco-shims"],
      ["/usr/bin/setsid", "sleep", "1"],
      ["/usr/bin/env", "/bin/sh", "-c", 'eval "$1"', "lanco-shim"],
      ["sh", "-c", 'eval "$1"', "lanco-shim"],
    ]
  ) assert(!isLaunchShell(line(...words), ...ROLES), words.join(" "));
  for (const text of ["", "/bin/sh", "/bin/sh\0-c\0"]) assert(!isLaunchShell(text, ...ROLES));
});
