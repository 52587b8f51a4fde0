import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, identity, LANCO, OWNER, shell, type TestNamespace } from "../harness.ts";

const SCRIPT = new URL("./descriptors.py", import.meta.url).pathname;

const KINDS = ["own", "other", "pipe", "socket", "tcp", "file"] as const;
const FLAGS = ["block", "nonblock"] as const;
const READERS = ["slow", "stops", "goes"] as const;

/** A stream, and how its other end is read: see descriptors.py. */
interface Case {
  stream?: 1 | 2;
  kind: typeof KINDS[number];
  flag: typeof FLAGS[number];
  reader: typeof READERS[number];
}

/** How the command ended, and how it left the stream. */
interface Outcome {
  code: number;
  length: number;
  digest: string;
  other: string;
  flags: [number, number];
  changed: boolean;
  isAway: boolean;
  seconds: number;
}

/** Runs a command as the owner, with a stream of that kind. */
async function on(
  { stream = 1, kind, flag, reader }: Case,
  ...command: string[]
): Promise<Outcome> {
  const words = ["/usr/bin/python3", SCRIPT, String(stream), kind, flag, reader, String(OWNER)];
  const { code, stdout, stderr } = await exec(
    [...words, "setpriv", ...identity(OWNER), ...command],
    { uid: 0 },
  );
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

async function digest(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Asserts that a command writes the whole text once, and leaves the flags of the descriptor as they were. */
async function writesOnce(how: Case, expected: string, ...command: string[]): Promise<void> {
  const outcome = await on(how, ...command);
  const what = `${JSON.stringify(how)} ${command.slice(1).join(" ")}: ${JSON.stringify(outcome)}`;
  assertEquals([outcome.flags[1], outcome.changed], [outcome.flags[0], false], what);
  // The reader is away for two seconds: a command that polled without a pause would use them all.
  assert(outcome.seconds < 1.5, what);
  if (outcome.isAway) {
    // A terminal that is gone sends SIGHUP.
    const codes = how.kind === "own" || how.kind === "other" ? [-1, 1, 129] : [0];
    assert(codes.includes(outcome.code), what);
    assert(outcome.length < 400_000, what);
  } else {
    assertEquals([outcome.code, outcome.other], [0, ""], what);
    assertEquals(outcome.length, new TextEncoder().encode(expected).length, what);
    assertEquals(outcome.digest, await digest(expected), what);
  }
}

/** Returns lines of all lengths: some begin or end a block of the writer, and one is very long. */
function manyLines(bytes: number): string {
  let text = "\n\n";
  for (let i = 0; text.length < bytes; i++) text += `${i} ${"é".repeat(i * 7 % 211)}\n`;
  return text + "x".repeat(200_000) + "\n" + "y".repeat(1023) + "\n" + "z".repeat(1024) + "\nend";
}

async function logOf(ns: TestNamespace, text: string, ...options: string[]): Promise<void> {
  Deno.writeTextFileSync(`${ns.scratch}/text`, text);
  await ns.must("run", ...options, "a", "cat", `${ns.scratch}/text`);
  await ns.gone("a");
}

for (const kind of KINDS) {
  cgroupTest(`logs writes each byte once, to a descriptor of the kind ${kind}`, async (ns) => {
    const text = manyLines(300_000);
    await logOf(ns, text);
    for (const flag of FLAGS) {
      for (const reader of kind === "file" ? ["slow"] as const : READERS) {
        await writesOnce({ kind, flag, reader }, text, LANCO, ns.name, "logs", "a");
      }
    }
  });
}

/** Descriptors to which a write may fail half-way. */
const FULL: readonly Case[] = [
  { kind: "pipe", flag: "nonblock", reader: "slow" },
  { kind: "pipe", flag: "nonblock", reader: "stops" },
  { kind: "other", flag: "block", reader: "slow" },
  { kind: "other", flag: "nonblock", reader: "stops" },
  { kind: "tcp", flag: "nonblock", reader: "slow" },
];

cgroupTest("logs of a file chosen with -l, and logs -f, write each byte once", async (ns) => {
  const text = manyLines(200_000);
  await logOf(ns, text, "-l", `${ns.scratch}/own.log`);
  for (const how of FULL) {
    await writesOnce(how, text, LANCO, ns.name, "logs", "a");
    await writesOnce(how, text, LANCO, ns.name, "logs", "-f", "a");
  }
});

cgroupTest("commands that print one result write each byte once", async (ns) => {
  await ns.must("run", "a", "true", "x".repeat(100_000));
  await ns.gone("a");
  const command = ["status", "--json", "a"];
  const expected = await ns.must(...command);
  assert(expected.length > 100_000);
  for (const how of FULL) await writesOnce(how, expected, LANCO, ns.name, ...command);
  const { stdout } = await exec([LANCO, "man", "json"]);
  for (const how of FULL) await writesOnce(how, stdout, LANCO, "man", "json");
});

cgroupTest("batch writes each answer once", async (ns) => {
  const requests = Array.from(
    { length: 3000 },
    (_, id) => JSON.stringify({ id, command: "check", args: [`task-${id}`] }),
  );
  const input = `${ns.scratch}/requests`;
  Deno.writeTextFileSync(input, requests.join("\n"));
  const command = [LANCO, ns.name, "batch"];
  const { stdout: expected } = await shell(`${command.join(" ")} <${input}`);
  assertEquals(expected.split("\n").length, requests.length + 2);
  for (const how of FULL) {
    await writesOnce(
      how,
      expected,
      "sh",
      "-c",
      'input=$1; shift; exec "$@" <"$input"',
      "sh",
      input,
      ...command,
    );
  }
});

cgroupTest("batch reads its requests from a non-blocking descriptor", async (ns) => {
  const line = `import json, os, socket, subprocess, sys, time
ours, theirs = socket.socketpair()
theirs.setblocking(False)
batch = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=subprocess.PIPE, text=True)
batch.stdout.readline()
for id in range(3):
    time.sleep(0.3)
    ours.sendall(json.dumps({"id": id, "command": "check", "args": ["a"]}).encode() + b"\\n")
    print(json.loads(batch.stdout.readline())["id"])
ours.close(), theirs.close()
print(batch.wait(), os.times().children_user + os.times().children_system < 0.8)`;
  const { stdout, stderr } = await exec(["/usr/bin/python3", "-c", line, LANCO, ns.name, "batch"]);
  assertEquals([stdout, stderr], ["0\n1\n2\n0 True\n", ""]);
});

cgroupTest("each message is written whole and once, whatever standard error is", async (ns) => {
  const names = Array.from({ length: 2000 }, (_, i) => `task-${i}`);
  const command = [LANCO, ns.name, "stop", ...names];
  const times = (text: string) => text.replace(/^\S+ /gm, "");
  const expected = times((await exec(command)).stderr);
  assertEquals(expected.split("\n").length, names.length + 1);
  for (const how of FULL) {
    const { seconds: atEase } = await on(
      { stream: 2, kind: "file", flag: "block", reader: "slow" },
      ...command,
    );
    const script = '"$@" 2>&1 >/dev/null | sed "s/^[^ ]* //"; exit 3';
    assertEquals((await shell(`set -- ${command.join(" ")}; ${script}`)).stdout, expected);
    const outcome = await on({ ...how, stream: 2 }, ...command);
    const what = JSON.stringify([how, outcome]);
    assertEquals(
      [outcome.flags[1], outcome.changed, outcome.code],
      [outcome.flags[0], false, 3],
      what,
    );
    assertEquals(outcome.length, expected.length + 20 * names.length, what);
    // A command that polled without a pause would use two seconds more. Under load all takes longer.
    assert(outcome.seconds < 2 * atEase + 1.2, `${atEase}: ${what}`);
  }
});

cgroupTest("every command fails if its output cannot be written", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  await ns.must("run", "b", "true");
  await ns.gone("b");
  const alone = [
    ["help"],
    ["--version"],
    ["namespaces"],
    ["doctor"],
    ["completions", "bash"],
    ["man"],
    ["man", "json"],
  ];
  const within = [
    ["-h"],
    ["ls"],
    ["ls", "-l"],
    ["ls", "--json"],
    ["dump"],
    ["metrics"],
    ["status", "a"],
    ["status", "--json", "a"],
    ["check", "--json", "a"],
    ["wait", "--json", "b"],
    ["top", "--once"],
    ["events"],
    ["events", "--json"],
    ["run", "--json", "c", "sleep", "1000"],
    ["stop", "--now", "--json", "c"],
    ["batch"],
  ];
  for (const words of [...alone, ...within.map((more) => [ns.name, ...more])]) {
    const line = `echo '{"command":"check","args":["a"]}' | ${LANCO} ${words.join(" ")} >/dev/full`;
    const { code, stderr } = await shell(line);
    assertMatch(stderr, /cannot write to standard output: .*No space left/, words.join(" "));
    assert([1, 125].includes(code), `${words.join(" ")}: ${code}`);
    if (words[1] === "run") {
      assertMatch(stderr, /task c has been started, process \d+: cannot write/);
    }
    if (words[1] === "stop") assertMatch(stderr, /stopped: c: cannot write/);
  }
});

cgroupTest("no command changes the flags of a terminal, whenever it is killed", async (ns) => {
  const commands = [
    ["check", "a"],
    ["ls", "-l"],
    ["run", "a", "true"],
    ["run", "-f", "b", "true"],
    ["run", "-f", "-L", "c", "cat"],
    ["logs", "-f", "a"],
    ["wait", "a"],
    ["stop", "a"],
    ["top", "--once"],
    ["dump"],
    ["batch"],
    ["nonsense"],
  ];
  // The terminal belongs to root, and another user works at it. Each command is run to its end
  // once, and once more for each moment at which it is killed.
  const line = `import fcntl, json, os, pty, subprocess, sys, termios, threading, time
prefix, commands = json.loads(sys.argv[1]), json.loads(sys.argv[2])
master, slave = pty.openpty()
def leader():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
def drain():
    try:
        while os.read(master, 65536): pass
    except OSError: pass
threading.Thread(target=drain, daemon=True).start()
kept = 0
for blocking in (True, False):
    os.set_blocking(slave, blocking)
    before = fcntl.fcntl(slave, fcntl.F_GETFL)
    for command in commands:
        for moment in (None, 0.005, 0.01, 0.02, 0.04):
            child = subprocess.Popen(prefix + command, stdin=slave, stdout=slave, stderr=slave, preexec_fn=leader)
            begin = time.monotonic()
            while child.poll() is None:
                flags = fcntl.fcntl(slave, fcntl.F_GETFL)
                if flags != before: sys.exit(f"{command} has made {before:#o} {flags:#o}")
                # The end of input.
                if moment is None: os.write(master, b"\\x04")
                elif time.monotonic() - begin > moment: child.kill()
                time.sleep(0.001 if moment else 0.02)
            kept += fcntl.fcntl(slave, fcntl.F_GETFL) == before
print(kept)`;
  const prefix = ["setpriv", ...identity(OWNER), LANCO, ns.name];
  const words = ["/usr/bin/python3", "-c", line, JSON.stringify(prefix), JSON.stringify(commands)];
  const { stdout, stderr } = await exec(words, { uid: 0 });
  assertEquals([stdout, stderr], [`${2 * 5 * commands.length}\n`, ""]);
});
