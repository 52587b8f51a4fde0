import { exec, OWNER, type TestNamespace, until } from "../../harness.ts";

/** The prompt of the shell in the terminal. */
export const PROMPT = "ready>";

/** A terminal of 80 columns and 24 rows in tmux(1), with a shell in it. */
export class Tmux {
  readonly #directory: string;

  constructor(
    ns: TestNamespace,
    private readonly uid = OWNER,
    private readonly env: Record<string, string> = {},
  ) {
    this.#directory = `${ns.scratch}/terminal-${crypto.randomUUID().slice(0, 8)}`;
  }

  async #tmux(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await exec(
      ["tmux", "-u", "-f", "/dev/null", "-S", `${this.#directory}/socket`, ...args],
      { uid: this.uid, env: { LC_ALL: "C.UTF-8", PS1: `${PROMPT} `, ENV: "", ...this.env } },
    );
    if (code !== 0) throw new Error(`tmux ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Opens the terminal. */
  async open(): Promise<void> {
    Deno.mkdirSync(this.#directory);
    Deno.chownSync(this.#directory, this.uid, null);
    // The environment of the tests may have NO_COLOR set.
    const shell = ["env", ...("NO_COLOR" in this.env ? [] : ["-u", "NO_COLOR"]), "/bin/sh", "-i"];
    await this.#tmux("new-session", "-d", "-x", "80", "-y", "24", ...shell);
    await this.shows(PROMPT);
  }

  /** Closes the terminal, which ends the programs in it. */
  async close(): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
  }

  /** Presses keys, by their names in tmux. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.#tmux("send-keys", key);
  }

  /** Types a command line. */
  async enter(line: string): Promise<void> {
    await this.#tmux("send-keys", "-l", line);
    await this.#tmux("send-keys", "Enter");
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** Returns the screen without trailing blanks; with SGR sequences if `attributes` is set. */
  screen({ attributes = false } = {}): Promise<string> {
    return this.#tmux("capture-pane", "-p", ...(attributes ? ["-e"] : []));
  }

  /** Waits until the screen matches. */
  async shows(expected: string | RegExp): Promise<void> {
    let screen = "";
    const matches = () =>
      typeof expected === "string" ? screen.includes(expected) : expected.test(screen);
    await until("the screen matches", async () => {
      screen = await this.screen();
      return matches();
    }).catch((error) => {
      throw new Error(`${error.message}: expected ${expected}, but the screen is\n${screen}`);
    });
  }

  /** Returns the id of the command's process when it is in the foreground. */
  async foreground(command: string): Promise<number> {
    let pid = 0;
    await until(`${command} is in the foreground`, async () => {
      const shell = (await this.#tmux("display-message", "-p", "#{pane_pid}")).trim();
      const children = Deno.readTextFileSync(`/proc/${shell}/task/${shell}/children`);
      pid = Number(children.trim().split(" ").at(-1));
      return pid > 0 && Deno.readTextFileSync(`/proc/${pid}/comm`).trim() === command;
    });
    return pid;
  }

  /** Waits until the shell has the terminal back with its screen, line mode, echo and cursor. */
  async isRestored(status: number): Promise<void> {
    await this.shows(`status ${status}\n`);
    await this.enter(
      "stty -a | tr ' ;' '\\n\\n' | grep -xE -e '-?(icanon|echo|isig)' | xargs echo tty:",
    );
    await this.shows(/^tty: isig icanon echo$/m);
    const modes = await this.#tmux(
      "display-message",
      "-p",
      "#{alternate_on} #{cursor_flag} #{wrap_flag}",
    );
    if (modes.trim() !== "0 1 1") throw new Error(`the terminal is left in modes ${modes}`);
  }
}
