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
    const place = line.indexOf("/task-");
    const task = place + "/task-".length;
    const end = line.indexOf("/", task);
    const colon = line.indexOf(":", end);
    if (place < 0 || end < 0 || colon < 0) continue;
    found.push({
      task: line.slice(task, end),
      file: line.slice(end + 1, colon),
      line: line.slice(colon + 1),
    });
  }
  return found;
}
