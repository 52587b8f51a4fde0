import { Failed, reason } from "../cli/errors.ts";

/**
 * less(1) at the end of the file; where it is another's or missing, more(1), which
 * would let escape sequences through. Whatever $LESS says, less must not either.
 */
const SCRIPT = `case $(less -V 2>/dev/null) in
less\\ [0-9]*)
  # For root, a pager with the owner's rights must not start the owner's programs.
  [ -z "\${LANCO_FOR_ROOT-}" ] || export LESSSECURE=1
  exec less -L -n -+r -+R +G -- "$1"
  ;;
esac
[ -z "\${LANCO_FOR_ROOT-}" ] && command -v more >/dev/null || exit 127
cat -v -- "$1" | more`;

/**
 * Shows a file on the terminal that standard input and output are.
 *
 * @param enough Ends it before its reader does.
 * @throws {Failed} if it cannot be shown.
 */
export async function page(file: string, enough: AbortSignal): Promise<void> {
  let code: number;
  try {
    ({ code } = await new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT, "lanco", file],
      // The owner may not be allowed into root's.
      cwd: "/",
      signal: enough,
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status);
  } catch (error) {
    throw new Failed(`cannot show ${file}: ${reason(error)}`);
  }
  if (code === 127) throw new Failed(`cannot show ${file}: neither less nor more is installed`);
  if (code !== 0 && !enough.aborted) throw new Failed(`cannot show ${file}: try "less ${file}"`);
}
