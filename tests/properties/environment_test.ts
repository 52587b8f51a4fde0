import child from "../../src/launch/shim/child.sh" with { type: "text" };
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { readEnvironment } from "../../src/namespace/caller.ts";
import { callerEnvironment } from "../../src/launch/shim/environment.ts";
import { batchProperty, property } from "./property.ts";
import { makeShells, SHELLS } from "./shells.ts";

/** Bytes without NUL, of which some are text and some mean something to a shell, or to env(1). */
const bytes = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...new TextEncoder().encode("abcXYZ019_$`'\"\\{}%()#~*?;|&<>-=. \t\n\r\x0b\x0cé"),
    ),
    fc.integer({ min: 1, max: 255 }),
  ),
  { maxLength: 12 },
).map((list) => String.fromCharCode(...list));

/** What shells have a use for themselves; what depends on the process is left out. */
const SHELLS_OWN = [
  "IFS PS1 PS2 PS4 OPTIND OPTARG OPTERR PPID LINENO ENV MAIL MAILPATH MAILCHECK CDPATH TERM",
  "UID EUID GROUPS RANDOM SRANDOM SECONDS EPOCHSECONDS EPOCHREALTIME HISTCMD COMP_WORDBREAKS",
  "BASH BASHPID BASH_ARGV0 BASH_COMMAND BASH_SUBSHELL BASH_VERSION BASH_VERSINFO BASH_ENV",
  "BASHOPTS SHELLOPTS DIRSTACK FUNCNAME HOSTNAME HOSTTYPE MACHTYPE OSTYPE COLUMNS LINES REPLY",
  "POSIXLY_CORRECT TMOUT HOME LANG LC_ALL LC_CTYPE GLOBIGNORE HISTFILE FPATH PIPESTATUS SHLVL",
].flatMap((line) => line.split(" "));

const names = fc.oneof(
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{1,8}$/),
  fc.constantFrom(...SHELLS_OWN),
  fc.constantFrom(..."BASH_FUNC_f%% a.b lanco_env lanco_odd_0 lanco_log 1A -o -- -u".split(" ")),
  bytes.map((name) => name.replaceAll("=", "")),
).filter((name) => name !== "" && !["_", "PWD", "OLDPWD", "PATH", "LANCO_FOR_ROOT"].includes(name));

// bash spoils such bytes where it has a reason to look for characters among them.
const CASES_OF_BASH: [string, string][] = [["a.b", "\xeb\\0@"], ["1A", "\xeb\\0@\n\n"], [
  "LANG",
  "C.UTF-8",
]];

// Of a locale that there is not bash complains to whom its caller has given it.
const variables = fc.tuple(names, bytes).map(([name, value]): [string, string] => [
  name,
  /^(LC_.*|LANG)$/.test(name) ? ["C", "C.UTF-8"][value.length % 2] ?? "" : value,
]);

/** Characters stand for the bytes of their numbers. */
function encode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function decode(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

property(
  "readEnvironment() takes apart what the kernel shows",
  fc.array(bytes.filter((entry) => entry !== "")),
  (entries) => {
    const proc = directoryFor("proc");
    Deno.writeFileSync(
      `${proc}/self/environ`,
      encode(entries.map((entry) => `${entry}\0`).join("")),
    );
    assertEquals(readEnvironment(proc).map(decode), entries);
  },
);

const scratch = Deno.makeTempDirSync();
const shells = makeShells();
globalThis.addEventListener("unload", () => {
  for (const directory of [scratch, shells]) Deno.removeSync(directory, { recursive: true });
});

function directoryFor(name: string): string {
  Deno.mkdirSync(`${scratch}/${name}/self`, { recursive: true });
  return `${scratch}/${name}`;
}

/** What a command gets in the end whose caller gave this environment, by the shim's own text. */
async function handedOn(shell: string, entries: readonly string[]): Promise<string[]> {
  const { unset, shellLevel, harmless, restore } = callerEnvironment(entries.map(encode));
  const directory = directoryFor(shell);
  Deno.writeTextFileSync(`${directory}/go`, "go\ngo\n");
  const script = `exec 3<${directory}/go 4>/dev/null 9>/dev/null\n${child}`;
  const words = ["", "", directory, "", "", "", "", unset.join(" "), shellLevel, ""];
  // The words are bytes, too: xargs(1) takes them from a file, and env(1) the variables from them.
  const command = [
    `${shells}/${shell}/sh`,
    "-c",
    script,
    "lanco",
    ...words,
    "/bin/cat",
    "/proc/self/environ",
  ];
  const added = { ...harmless, ...restore };
  const given = entries.filter((entry) =>
    !Object.hasOwn(added, entry.slice(0, entry.indexOf("=")))
  );
  for (const [name, value] of Object.entries(added)) {
    given.push(`${name}=${decode(new TextEncoder().encode(value))}`);
  }
  const all = [...given, ...command.map((word) => decode(new TextEncoder().encode(word)))];
  Deno.writeFileSync(`${directory}/words`, encode(all.map((word) => `${word}\0`).join("")));
  const { code, stdout, stderr } = await new Deno.Command("/usr/bin/xargs", {
    args: ["-0", "-x", "-a", `${directory}/words`, "/usr/bin/env", "-i", "--"],
    clearEnv: true,
    cwd: "/",
  }).output();
  const complaint = new TextDecoder().decode(stderr);
  if (code !== 0 || complaint !== "") throw new Error(`${shell} ended with ${code}: ${complaint}`);
  return decode(stdout).split("\0").filter((entry) => entry !== "");
}

batchProperty(
  "a command gets the variables that its caller has, to the byte, under each shell",
  variables,
  async (batch) => {
    // Without a path busybox makes up one.
    const entries = [...new Map([...batch, ...CASES_OF_BASH]).set("PATH", "/usr/bin:/bin")].map((
      [name, value],
    ) => `${name}=${value}`).sort();
    await Promise.all(SHELLS.map(async (shell) => {
      const found = (await handedOn(shell, entries)).filter((entry) => !entry.startsWith("_="));
      const lost = entries.filter((entry) => !found.includes(entry));
      const added = found.filter((entry) => !entries.includes(entry));
      assertEquals({ shell, lost, added }, { shell, lost: [], added: [] });
    }));
  },
  50,
);
