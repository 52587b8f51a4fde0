/** Running what is to be the same under every shell that /bin/sh may be. */

/** The shells by their own names. */
export const SHELLS = ["dash", "bash", "busybox"] as const;

/**
 * Makes a directory with the shells in it, each as `<directory>/<shell>/sh`: bash and
 * busybox do as they are called.
 */
export function makeShells(): string {
  const directory = Deno.makeTempDirSync();
  for (const shell of SHELLS) {
    const place = (Deno.env.get("PATH") ?? "/usr/bin").split(":").map((path) => `${path}/${shell}`)
      .find(isThere);
    if (place === undefined) throw new Error(`install ${shell}`);
    Deno.mkdirSync(`${directory}/${shell}`);
    Deno.symlinkSync(place, `${directory}/${shell}/sh`);
  }
  return directory;
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * Runs a script under each shell, with an empty environment as root's scripts have.
 *
 * @param options The standard input, a pipe; and the locale.
 * @returns what each has written to standard output.
 * @throws if one of them fails or complains.
 */
export async function underEachShell(
  script: string,
  args: readonly string[],
  { input = "", locale = "C" } = {},
): Promise<[shell: string, output: Uint8Array][]> {
  const directory = makeShells();
  try {
    return await Promise.all(SHELLS.map(async (shell): Promise<[string, Uint8Array]> => {
      const process = new Deno.Command(`${directory}/${shell}/sh`, {
        args: ["-c", script, "sh", ...args],
        env: { LC_ALL: locale, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
        clearEnv: true,
        cwd: "/",
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const writer = process.stdin.getWriter();
      // It may end without reading it.
      writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => {});
      const { code, stdout, stderr } = await process.output();
      const complaint = new TextDecoder().decode(stderr);
      if (code !== 0 || complaint !== "") {
        throw new Error(`${shell} ended with ${code}: ${complaint.slice(0, 1000)}`);
      }
      return [shell, stdout];
    }));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/**
 * A part of a script, such as one of its functions.
 *
 * @throws if the script has no such part: then the test must be adapted to it.
 */
export function partOf(script: string, part: RegExp): string {
  const found = part.exec(script)?.[0];
  if (found === undefined) throw new Error(`the script has nothing that matches ${part}`);
  return found;
}
