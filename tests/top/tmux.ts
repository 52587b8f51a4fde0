import { exec, OWNER, type TestNamespace, until } from "../harness.ts";

/** What the shell in the terminal asks with. */
export const PROMPT = "ready>";

/** A terminal of 80 columns and 24 rows with a shell in it, played by tmux(1). */
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

  /** Opens it. */
  async open(): Promise<void> {
    Deno.mkdirSync(this.#directory);
    Deno.chownSync(this.#directory, this.uid, null);
    // Without NO_COLOR, unless the test asks for it: the runner may have it set.
    const shell = ["env", ...("NO_COLOR" in this.env ? [] : ["-u", "NO_COLOR"]), "/bin/sh", "-i"];
    await this.#tmux("new-session", "-d", "-x", "80", "-y", "24", ...shell);
    await this.shows(PROMPT);
  }

  /** Closes it, and ends all that runs in it. */
  async close(): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
  }

  /** Presses keys, by the names that tmux has for them. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.#tmux("send-keys", key);
  }

  /** Types a line of shell. */
  async enter(line: string): Promise<void> {
    await this.#tmux("send-keys", "-l", line);
    await this.#tmux("send-keys", "Enter");
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** What is on it, without trailing blanks. With attributes: and the SGR sequences. */
  screen({ attributes = false } = {}): Promise<string> {
    return this.#tmux("capture-pane", "-p", ...(attributes ? ["-e"] : []));
  }

  /** Waits until what is on it matches. */
  async shows(what: string | RegExp): Promise<void> {
    let screen = "";
    const matches = () => typeof what === "string" ? screen.includes(what) : what.test(screen);
    await until("the terminal shows it", async () => {
      screen = await this.screen();
      return matches();
    }).catch((error) => {
      throw new Error(`${error.message}: ${what}, but not on\n${screen}`);
    });
  }

  /** The id of the process that has the terminal. */
  async foreground(command: string): Promise<number> {
    let pid = 0;
    await until(`${command} has the terminal`, async () => {
      const shell = (await this.#tmux("display-message", "-p", "#{pane_pid}")).trim();
      const children = Deno.readTextFileSync(`/proc/${shell}/task/${shell}/children`);
      pid = Number(children.trim().split(" ").at(-1));
      return pid > 0 && Deno.readTextFileSync(`/proc/${pid}/comm`).trim() === command;
    });
    return pid;
  }

  /** Waits until the shell has the terminal back as it was: its lines, echo, and cursor. */
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
