import { CAN_TEST_CGROUPS, LANCO } from "../harness.ts";

/** The checkout, with a slash at its end. */
export const HERE = new URL("../..", import.meta.url).pathname;

/** Runs a command as root. Returns its standard output; throws if it fails. */
export async function asRoot(command: string[], env: Record<string, string> = {}): Promise<string> {
  const [program = "", ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`${command.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

/** The paths of the packages of one machine. */
export interface Packages {
  deb: string;
  archive: string;
  rpm: string;
}

/** Makes the packages of an executable. */
export async function makePackages(executable: string, directory: string): Promise<Packages> {
  const out = await asRoot([`${HERE}scripts/package`, executable, directory], {
    LANCO_COMPRESSION: "0",
  });
  const [deb = "", archive = "", rpm = ""] = out.trim().split("\n");
  return { deb, archive, rpm };
}

/** Calls a test with a directory of its own, which others may read. */
export async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ dir: Deno.env.get("LANCO_TEST_DIR") ?? "/tmp" });
  Deno.chmodSync(directory, 0o755);
  try {
    await body(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** The packages of the executable under test. */
export const packages = CAN_TEST_CGROUPS
  ? makePackages(LANCO, `${Deno.env.get("LANCO_TEST_DIR")}/package-${crypto.randomUUID()}`)
  : undefined;

/** Returns the paths of all files below a root but those of its package manager. */
export async function files(root: string): Promise<string[]> {
  const out = await asRoot(["find", root, "!", "-type", "d", "-printf", "%P\n"]);
  return out.split("\n").filter((file) => file !== "" && !/^(var|log$)/.test(file)).sort();
}

/** Registers a test of the packages, with a directory of its own. */
export function packageTest(
  name: string,
  body: (made: Packages, directory: string) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: !CAN_TEST_CGROUPS,
    fn: () => inDirectory(async (directory) => body((await packages)!, directory)),
  });
}
