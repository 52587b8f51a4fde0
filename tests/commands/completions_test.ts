import { assertEquals, assertMatch } from "@std/assert";
import { main } from "../../src/commands/dispatch.ts";
import { SHELLS } from "../../src/commands/completions.ts";
import { CAN_TEST_CGROUPS, exec, LANCO } from "../harness.ts";

async function lanco(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const code = await main(args, {
    print: (text) => (out += text) !== "",
    write: (line) => void (error += line),
  });
  return { code, out, error };
}

const CHECKS: Readonly<Record<string, string[]>> = {
  bash: ["shellcheck", "-"],
  zsh: ["zsh", "-f", "-n", "/dev/stdin"],
  fish: ["fish", "--no-config", "-n"],
};

for (const shell of Object.keys(SHELLS)) {
  Deno.test(`completions prints what ${shell} finds no fault with`, async () => {
    const { code, out } = await lanco("completions", shell);
    assertEquals(code, 0);
    assertMatch(out, /lanco/);
    assertEquals(/@[A-Z]+@/.exec(out), null);
    const [program = "", ...args] = CHECKS[shell] ?? [];
    const check = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = check.stdin.getWriter();
    await writer.write(new TextEncoder().encode(out));
    await writer.close();
    const { stdout, stderr } = await check.output();
    const text = new TextDecoder();
    assertEquals(text.decode(stdout) + text.decode(stderr), "");
  });
}

Deno.test("completions names the shells that there are", async () => {
  for (const args of [[], ["csh"], ["bash", "zsh"], ["constructor"]]) {
    const { code, out, error } = await lanco("completions", ...args);
    assertEquals([code, out], [2, ""]);
    assertMatch(error, /bash, zsh or fish/);
  }
});

Deno.test({
  name: "the executable prints completions without an environment",
  ignore: !CAN_TEST_CGROUPS,
  async fn() {
    for (const shell of Object.keys(SHELLS)) {
      const { code, stdout } = await exec([LANCO, "completions", shell], { clearEnv: true });
      assertEquals(code, 0);
      assertEquals(stdout, (await lanco("completions", shell)).out);
    }
  },
});
