/** What systemd takes from a hardened service, and what lanĉo does without it (scripts/container_test). */
import { assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, LANCO, messages, OWNER, type TestNamespace, until } from "../harness.ts";
import { asRoot } from "./unit_namespace.ts";

/**
 * Runs commands of lanĉo as the owner, in a service with these settings. Returns what they have
 * written, and after each its name and its exit status.
 */
async function served(
  ns: TestNamespace,
  commands: readonly string[],
  settings: readonly string[],
): Promise<string> {
  const out = `${ns.scratch}/out-${crypto.randomUUID()}`;
  const script = `${out}.sh`;
  const lines = commands.map((command) =>
    `"$1" "$2" ${command}; echo "${command.split(" ", 1)[0]} $?"`
  );
  const options = [`StandardOutput=file:${out}`, `StandardError=file:${out}`, ...settings]
    .map((property) => `--property=${property}`);
  const unit = `served-${crypto.randomUUID()}`;
  const words = ["--quiet", "--wait", "--collect", `--unit=${unit}`, `--uid=${OWNER}`, ...options];
  // A file: if systemd reloads before it starts the service, it reads "$" in an argument as its own.
  Deno.writeTextFileSync(script, lines.join("\n"));
  Deno.chmodSync(script, 0o644);
  const shell = ["sh", script, LANCO, ns.name];
  let { code, stderr } = await asRoot(["systemd-run", ...words, ...shell]);
  // If another test has had systemd executed anew meanwhile, systemd-run(1) no longer learns of the end.
  if (stderr.includes("disconnected from message bus")) {
    const hasEnded = async () =>
      (await asRoot(["systemctl", "is-active", unit])).stdout.trim() === "inactive";
    await until("the service has ended", hasEnded);
    [code, stderr] = [0, ""];
  }
  const said = Deno.readTextFileSync(out);
  // What the service has written tells why it has failed.
  assertEquals({ code, stderr, said }, { code: 0, stderr: "", said });
  return said;
}

const EPERM = "SystemCallErrorNumber=EPERM";

/** The settings under which all commands work. */
const SUFFICIENT: Record<string, readonly string[]> = {
  "the filter @system-service @pkey": ["SystemCallFilter=@system-service @pkey"],
  "the filter @system-service and an error number": ["SystemCallFilter=@system-service", EPERM],
  "filters of what is privileged or a resource": [
    "SystemCallFilter=@system-service @pkey",
    "SystemCallFilter=~@privileged @resources",
    EPERM,
  ],
  "everything that is usual": [
    "SystemCallFilter=@system-service",
    EPERM,
    "SystemCallArchitectures=native",
    "RestrictAddressFamilies=AF_UNIX",
    "MemoryDenyWriteExecute=yes",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectControlGroups=yes",
    "ProtectKernelTunables=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "PrivateDevices=yes",
    "LockPersonality=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
  ],
};

for (const [what, settings] of Object.entries(SUFFICIENT)) {
  cgroupTest(`a service with ${what} has all commands`, async (ns) => {
    const requests = `${ns.scratch}/requests`;
    const request = { command: "run", args: ["d", "sleep", "1000"] };
    Deno.writeTextFileSync(requests, `${JSON.stringify(request)}\n`);
    const commands: [string, number][] = [
      ["run a sleep 1000", 0],
      ["run -c true --timeout 1000 b sleep 1000", 0],
      ["run -f c sh -c 'exit 7'", 7],
      [`batch <${requests} >/dev/null`, 0],
      ["check a b d", 0],
      ["ls >/dev/null", 0],
      ["status a >/dev/null", 0],
      ["pause a", 0],
      ["resume a", 0],
      ["signal CONT b", 0],
      ["run --replace a sleep 2000", 0],
      ["stop --now a b", 0],
      ["stop d", 0],
      ["wait c", 7],
      ["forget --all", 0],
    ];
    const said = await served(ns, commands.map(([command]) => command), settings);
    const expected = commands.map(([command, status]) => `${command.split(" ", 1)[0]} ${status}\n`);
    assertEquals(said, expected.join(""));
  });
}

/** A launch in a service with these settings fails with this status, and leaves nothing. */
async function isRefused(ns: TestNamespace, status: number, settings: string[]): Promise<string> {
  const before = ns.traces();
  const said = await served(ns, ["run a sleep 1000"], settings);
  assertMatch(said, new RegExp(`^run ${status}\n$`, "m"));
  assertEquals(ns.traces(), before);
  return said;
}

cgroupTest("a filter that kills lanco lets it start nothing", async (ns) => {
  // 128 and the number of SIGSYS.
  await isRefused(ns, 159, ["SystemCallFilter=@system-service"]);
});

cgroupTest("a service without AF_UNIX is told which directive to change", async (ns) => {
  const said = await isRefused(ns, 1, ["RestrictAddressFamilies=AF_INET"]);
  const [{ text } = { text: "" }, ...more] = messages(said.replace(/^run 1\n/m, ""));
  assertMatch(text, /AF_UNIX: add it to its RestrictAddressFamilies=, or .*--keeper named"$/);
  assertEquals(more, []);
});
