import script from "./foreign_log.sh" with { type: "text" };
import { isGone, unlessGone } from "../cgroup/cgroup.ts";
import { visible } from "../namespace/paths.ts";
import { procOf } from "../task/pid_namespace.ts";
import type { LogFile } from "./log_file.ts";

/** A log where this program may not read, but its user may, with a shell's help. */
export class ForeignLog implements LogFile {
  #heard = "";
  readonly #shown: ReadableStreamDefaultReader<Uint8Array>;
  readonly #said: ReadableStreamDefaultReader<Uint8Array>;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;

  #next: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
  /** What to show before all else. */
  #first: string | undefined;

  inode = 0;
  uid = 0;

  private constructor(
    private readonly path: string,
    private readonly shell: Deno.ChildProcess,
  ) {
    this.#shown = shell.stdout.getReader();
    this.#said = shell.stderr.getReader();
    this.#orders = shell.stdin.getWriter();
  }

  /**
   * Opens the log.
   *
   * @throws {Deno.errors.NotFound} if there is no such file.
   * @throws {Deno.errors.PermissionDenied} if the user may not read it.
   */
  static async open(path: string): Promise<ForeignLog> {
    // Not a fifo, which would keep the shell waiting.
    if (!Deno.statSync(visible(path)).isFile) throw new Error("it is not a regular file");
    // Its output goes through this program: no other continues a write that fails half-way.
    const shell = new Deno.Command("/bin/sh", {
      args: ["-c", script, "lanco", path],
      cwd: "/",
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const log = new ForeignLog(path, shell);
    const [said, inode, uid] = (await log.#hear())?.split(" ") ?? [];
    [log.inode, log.uid] = [Number(inode), Number(uid)];
    if (said === "opened") return log;
    log.close();
    throw new Deno.errors.PermissionDenied("permission denied");
  }

  async skipToLast(lines: number): Promise<void> {
    // tail(1) does not even read for no lines.
    this.#first = lines === 0 ? undefined : `last ${lines}`;
    if (lines === 0) await this.#order("skip");
  }

  async rewindIfTruncated(): Promise<boolean> {
    const info = `${procOf(this.shell.pid)}/fdinfo/3`;
    const read = /^pos:\s+(\d+)/.exec(unlessGone(() => Deno.readTextFileSync(info), ""));
    const { ino, size } = this.#stat();
    // Of a file that has lost its name nothing is known.
    if (read === null || ino !== this.inode || size >= Number(read[1])) return false;
    await this.#order("rewind");
    return true;
  }

  #stat(): { ino: number | null; size: number } {
    try {
      return Deno.statSync(visible(this.path));
    } catch (error) {
      if (isGone(error) || error instanceof Deno.errors.PermissionDenied) {
        return { ino: null, size: 0 };
      }
      throw error;
    }
  }

  async copy(print: (bytes: Uint8Array) => boolean): Promise<boolean> {
    const order = this.#first ?? "more";
    this.#first = undefined;
    let [shown, all] = [0, Infinity];
    const ready = this.#order(order).then((count) => all = count);
    while (shown < all) {
      const next = this.#next ??= this.#shown.read();
      // Before the first bytes come, it may say that there are none.
      await Promise.race([next, ready]);
      if (shown >= all) break;
      const { value } = await next;
      this.#next = undefined;
      // Somebody has killed it.
      if (value === undefined) return false;
      shown += value.length;
      if (!print(value)) return false;
    }
    return true;
  }

  /** Returns how many bytes it shows; none either if it has ended. */
  async #order(order: string): Promise<number> {
    try {
      await this.#orders.write(new TextEncoder().encode(`${order}\n`));
    } catch {
      return 0;
    }
    const [, count] = /^ready (\d+)$/.exec(await this.#hear() ?? "") ?? [];
    return Number(count ?? 0);
  }

  /** The next thing it says; nothing if it has ended. */
  async #hear(): Promise<string | undefined> {
    while (!this.#heard.includes("\n")) {
      const { value } = await this.#said.read();
      if (value === undefined) return undefined;
      this.#heard += new TextDecoder().decode(value);
    }
    const end = this.#heard.indexOf("\n");
    const line = this.#heard.slice(0, end);
    this.#heard = this.#heard.slice(end + 1);
    return line;
  }

  close(): void {
    // The end of its orders ends it.
    this.#orders.close().catch(() => {});
    this.#shown.cancel().catch(() => {});
    this.#said.cancel().catch(() => {});
  }
}
