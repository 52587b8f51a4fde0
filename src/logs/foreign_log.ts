import script from "./foreign_log.sh" with { type: "text" };
import { unlessGone, unlessHidden } from "../cgroup/cgroup.ts";
import { visible } from "../namespace/paths.ts";
import { procOf } from "../task/pid_namespace.ts";
import { LinesNotFound, type WholeFile } from "./log_file.ts";

/**
 * A log outside of the directories that the executable is compiled to read. A shell with the
 * user's permissions reads it: see `foreign_log.sh`.
 */
export class ForeignLog implements WholeFile {
  #replyText = "";
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  readonly #replies: ReadableStreamDefaultReader<Uint8Array>;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;

  #pendingRead: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
  /** The request to send at the first `copy`, if it is not "more". */
  #firstRequest: string | undefined;

  inode = 0;
  uid = 0;

  private constructor(private readonly path: string, private readonly shell: Deno.ChildProcess) {
    this.#output = shell.stdout.getReader();
    this.#replies = shell.stderr.getReader();
    this.#requests = shell.stdin.getWriter();
  }

  /**
   * Starts the shell and opens the log in it.
   *
   * @throws {Deno.errors.NotFound} if the log does not exist.
   * @throws {Deno.errors.PermissionDenied} if the user may not read it.
   * @throws {Error} if it is not a regular file.
   */
  static async open(path: string): Promise<ForeignLog> {
    // To open a FIFO would block the shell until a writer comes.
    if (!Deno.statSync(visible(path)).isFile) throw new Error("it is not a regular file");
    // The shell writes into a pipe, not to standard output: this program alone continues a
    // write that was cut short.
    const shell = new Deno.Command("/bin/sh", {
      args: ["-c", script, "lanco", path],
      cwd: "/",
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const log = new ForeignLog(path, shell);
    const [reply, inode, uid] = (await log.#nextReply())?.split(" ") ?? [];
    [log.inode, log.uid] = [Number(inode), Number(uid)];
    if (reply === "opened") return log;
    log.close();
    throw new Deno.errors.PermissionDenied("permission denied");
  }

  async skipToLast(lines: number): Promise<void> {
    // `tail -n 0` leaves the offset of the log unchanged.
    this.#firstRequest = lines === 0 ? undefined : `last ${lines}`;
    if (lines === 0) await this.#request("skip");
  }

  async rewindIfTruncated(): Promise<boolean> {
    const info = `${procOf(this.shell.pid)}/fdinfo/3`;
    const offset = /^pos:\s+(\d+)/.exec(unlessGone(() => Deno.readTextFileSync(info), ""));
    const { ino, size } = unlessHidden<Pick<Deno.FileInfo, "ino" | "size">>(
      () => Deno.statSync(visible(this.path)),
      { ino: null, size: 0 },
    );
    // The size of a log that has been renamed or removed cannot be read.
    if (offset === null || ino !== this.inode || size >= Number(offset[1])) return false;
    await this.#request("rewind");
    return true;
  }

  copy(print: (bytes: Uint8Array) => boolean): Promise<boolean> {
    const request = this.#firstRequest ?? "more";
    this.#firstRequest = undefined;
    return this.#fetch(request, print);
  }

  async readAt(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    await this.#fetch(`at ${offset} ${length}`, (block) => {
      bytes.set(block, filled);
      filled += block.length;
      return true;
    });
    return bytes.subarray(0, filled);
  }

  size(): Promise<number> {
    return this.#request("size");
  }

  /** Sends a request, and hands on the output that answers it. */
  async #fetch(request: string, print: (bytes: Uint8Array) => boolean): Promise<boolean> {
    let [copied, total] = [0, Infinity];
    const ready = this.#request(request).then((count) => total = count);
    while (copied < total) {
      const next = this.#pendingRead ??= this.#output.read();
      // If the log has not grown, the shell replies without any output.
      await Promise.race([next, ready]);
      if (copied >= total) break;
      const { value } = await next;
      this.#pendingRead = undefined;
      // The shell was killed.
      if (value === undefined) return false;
      copied += value.length;
      if (!print(value)) return false;
    }
    return true;
  }

  /** Sends a request. Returns how many bytes of output answer it; 0 if the shell has ended. */
  async #request(request: string): Promise<number> {
    try {
      await this.#requests.write(new TextEncoder().encode(`${request}\n`));
    } catch {
      return 0;
    }
    const [, lines, count] =
      /^(?:late (\d+)|(?:ready|size) (\d+))$/.exec(await this.#nextReply() ?? "") ??
        [];
    if (lines !== undefined) throw new LinesNotFound(Number(lines));
    return Number(count ?? 0);
  }

  /** Returns the next line of the shell's standard error, or undefined if it has ended. */
  async #nextReply(): Promise<string | undefined> {
    while (!this.#replyText.includes("\n")) {
      const { value } = await this.#replies.read();
      if (value === undefined) return undefined;
      this.#replyText += new TextDecoder().decode(value);
    }
    const end = this.#replyText.indexOf("\n");
    const line = this.#replyText.slice(0, end);
    this.#replyText = this.#replyText.slice(end + 1);
    return line;
  }

  close(): void {
    // The end of its standard input ends the shell.
    this.#requests.close().catch(() => {});
    this.#output.cancel().catch(() => {});
    this.#replies.cancel().catch(() => {});
  }
}
