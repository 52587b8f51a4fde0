/** The longest time that a test may take: one that waits for ever must not keep the others from being told of. */

/** The time in milliseconds; more if each test is to do all that it can. */
const LONGEST = (Deno.env.get("LANCO_TEST_ALL") ? 240 : 25) * 60_000;

/**
 * Waits for the end of a test.
 *
 * @throws {Error} if that does not come in time. It says which processes the test has left.
 */
export async function inTime(test: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), LONGEST);
  try {
    if (await Promise.race([test, promise]) !== "late") return;
    // It fails for certain when its processes are killed, which nobody waits for any more.
    test.catch(() => {});
    throw new Error(`has not ended within ${LONGEST / 60_000} minutes:\n${descendants()}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the processes that this runner has started, those of other tests among them, a line for each. */
function descendants(): string {
  const children = new Map<number, number[]>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const parent = Number(read(name, "stat").replace(/^.*\) \S /, "").split(" ")[0]);
    if (/^\d/.test(name)) children.set(parent, [...children.get(parent) ?? [], Number(name)]);
  }
  const lines: string[] = [];
  const list = (pid: number) => {
    for (const child of children.get(pid) ?? []) {
      const line = read(String(child), "cmdline").replaceAll("\0", " ");
      lines.push(`${child} ${read(String(child), "wchan")} ${line}`.slice(0, 200));
      list(child);
    }
  };
  list(Deno.pid);
  return lines.join("\n");
}

function read(pid: string, file: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return "";
  }
}
