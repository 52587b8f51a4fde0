import script from "./usage_bulk.sh" with { type: "text" };

/** A line of a counter file of a task. */
export interface CounterLine {
  /** The task. */
  task: string;
  /** The file's name, such as `cpu.stat`. */
  file: string;
  /** The line. */
  line: string;
}

/**
 * Reads files of the cgroups of all tasks with the help of grep(1), while this
 * program can do something else.
 *
 * @param directory The namespace's directory.
 * @param files Their paths below it, with `*` for a task.
 * @param lines The lines that are wanted, as an extended regular expression.
 * @returns nothing if there is no way to.
 */
export async function readLines(
  directory: string,
  files: readonly string[],
  lines: string,
): Promise<CounterLine[] | undefined> {
  try {
    const { stdout } = await new Deno.Command("/bin/sh", {
      args: ["-c", script, "lanco", directory, lines, ...files],
      cwd: "/",
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    const found = parseLines(new TextDecoder().decode(stdout));
    return found.length > 0 ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `unified/task-x/cpu.stat:usage_usec 1`. */
export function parseLines(text: string): CounterLine[] {
  const found: CounterLine[] = [];
  for (const line of text.split("\n")) {
    const task = line.indexOf("/task-") + "/task-".length;
    const file = line.indexOf("/", task) + 1;
    const colon = line.indexOf(":", file);
    if (colon < 0) continue;
    found.push({
      task: line.slice(task, file - 1),
      file: line.slice(file, colon),
      line: line.slice(colon + 1),
    });
  }
  return found;
}
