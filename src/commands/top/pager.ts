import { Failed, reason } from "../../cli/errors.ts";

/**
 * Runs less(1) at the end of the file; if it is missing or is another program of that name,
 * more(1). Neither may print escape sequences of the log: `-+r -+R` overrides $LESS, and more
 * reads the output of `cat -v`.
 */
const SCRIPT = `case $(less -V 2>/dev/null) in
less\\ [0-9]*)
  # Root's keys must not make a pager that runs as the owner start programs of the owner. It has
  # no /dev/tty, and therefore reads keys from standard error, which is a pipe to root's command.
  [ -z "\${LANCO_FOR_ROOT-}" ] || { export LESSSECURE=1; exec 2<&0; }
  exec less -L -n -+r -+R +G -- "$1"
  ;;
esac
[ -z "\${LANCO_FOR_ROOT-}" ] && command -v more >/dev/null || exit 127
cat -v -- "$1" | more`;

/**
 * Shows a file in a pager on the terminal, until the user quits the pager.
 *
 * @param abort Ends the pager.
 * @throws {Failed} if there is no pager, or it cannot show the file.
 */
export async function page(file: string, abort: AbortSignal): Promise<void> {
  let code: number;
  try {
    ({ code } = await new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT, "lanco", file],
      // The owner may not be allowed to enter root's working directory.
      cwd: "/",
      signal: abort,
    }).spawn().status);
  } catch (error) {
    throw new Failed(`cannot show ${file}: ${reason(error)}`);
  }
  if (code === 127) {
    throw new Failed(`cannot show ${file}: neither less nor more is installed: install less`);
  }
  if (code !== 0 && !abort.aborted) throw new Failed(`cannot show ${file}: try "less ${file}"`);
}
