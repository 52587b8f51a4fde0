import { assertEquals } from "@std/assert";
import { commandLine, parseCgroups } from "../../src/task/process.ts";

function fakeProc(files: Record<string, string | Uint8Array>): string {
  const proc = Deno.makeTempDirSync();
  Deno.mkdirSync(`${proc}/7`);
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    Deno.writeFileSync(`${proc}/7/${name}`, bytes);
  }
  return proc;
}

function shown(files: Record<string, string | Uint8Array>): string | undefined {
  const proc = fakeProc(files);
  try {
    return commandLine(7, 100, `${proc}/7`);
  } finally {
    Deno.removeSync(proc, { recursive: true });
  }
}

Deno.test("commandLine() puts a space after each argument", () => {
  assertEquals(shown({ cmdline: "openssl\0speed\0aes\0" }), "openssl speed aes ");
});

Deno.test("commandLine() replaces characters that control a terminal or end the line", () => {
  assertEquals(shown({ cmdline: "a\nb\0\x1b[31mc\x9bd\0" }), "a b  [31mc d ");
});

Deno.test("commandLine() replaces bytes of arguments that are not UTF-8", () => {
  assertEquals(shown({ cmdline: new Uint8Array([97, 255, 98, 0]) }), "a\ufffdb ");
});

Deno.test("commandLine() returns the name of a process without arguments, and nothing of a dead one", () => {
  assertEquals(shown({ cmdline: "", comm: "kworker/0:1\n" }), "[kworker/0:1]");
  assertEquals(commandLine(7, 100, "/nonexistent"), undefined);
});

Deno.test("parseCgroups() names hierarchies as the namespace does", () => {
  const text = "12:name=systemd:/x.service\n3:cpu,cpuacct:/a:b\n0::/c\n";
  assertEquals([...parseCgroups(text)], [
    ["systemd", "/x.service"],
    ["cpu,cpuacct", "/a:b"],
    ["unified", "/c"],
  ]);
});
